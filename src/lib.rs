//! `provision`: one `stack.yaml` says what a serverless backend is; `provision up` makes AWS match it, and `provision
//! down` leaves nothing behind. The way of the data:
//!
//! ```text
//! stack.yaml → config → lower → Graph ─┐
//!                                      ├→ plan (pure) → Plan → apply → Report → render
//! AWS → observe (one sweep per kind) → LiveState ┘
//! ```

pub mod adopt;
pub mod apply;
pub mod aws;
pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod deploy_policy;
pub mod desired;
pub mod diff;
pub mod elsewhere;
pub mod error;
pub mod event;
pub mod exit;
pub mod http;
pub mod internal_error;
pub mod inventory;
pub mod invoke;
pub mod kind;
pub mod kinds;
pub mod local;
pub mod logs;
pub mod lower;
pub mod model;
pub mod observe;
pub mod outline;
pub mod outputs;
pub mod package;
pub mod picture;
pub mod plan;
pub mod policy;
pub mod reconcile;
pub mod render;
pub mod requests;
pub mod sensitive;
pub mod status;
mod suggest;
mod text;
pub mod timings;
pub mod watch;
pub mod yaml;
