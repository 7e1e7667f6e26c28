//! End to end: the real program against a real local cloud, which every test starts for itself. The first run installs
//! the local cloud, as the program does for its users.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected shall fail")]
#![allow(clippy::print_stderr, reason = "a test says what it could not try here")]

mod asks;
mod cloud;
mod devtools;
mod dump;
mod http;
mod programs;
mod proxy;
mod ran;
mod running;
mod screen;
mod stack;
mod wire;

mod access;
mod adopt;
mod aws;
mod blog;
mod browser;
mod buckets;
mod calls;
mod change;
mod data;
mod deploy_policy;
mod depth;
mod destinations;
mod dev;
mod door;
mod drift;
mod elsewhere;
mod events;
mod examples;
mod face;
mod failures;
mod function_urls;
mod images;
mod init;
mod kill;
mod layers;
mod lifecycle;
mod list;
mod local;
mod memory;
mod moving;
mod pipeline;
mod policies;
mod queues;
mod releases;
mod roles;
mod scanner;
mod screens;
mod secrets;
mod stacks;
mod state_machines;
mod streams;
mod tables;
mod terminal;
mod topics;
mod unmanaged;
mod wires;
