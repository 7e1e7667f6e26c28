//! What is proved with the strict cloud.

mod adopt;
mod at_once;
mod chains;
mod clear;
mod deploy_policy;
mod destroy;
mod functions;
mod hindrances;
mod http_api;
mod list;
mod logs;
mod malformed;
mod messages;
mod output;
mod permissions;
mod policies;
mod processes;
mod random;
mod read_only;
mod rich;
mod scale;
mod scenario;
mod shipped;
mod single_faults;
mod tables;
mod two_together;
