//! End to end: the real program against a real local cloud, which every test starts for itself. The first run installs
//! the local cloud, as the program does for its users.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected shall fail")]

mod cloud;
mod dump;
mod http;
mod programs;
mod proxy;
mod ran;
mod stack;

mod access;
mod adopt;
mod aws;
mod change;
mod data;
mod deployer;
mod drift;
mod examples;
mod foreign;
mod init;
mod kill;
mod life;
mod list;
mod local;
mod stacks;
mod terminal;
