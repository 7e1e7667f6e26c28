//! What is proved with the strict cloud.

mod adopt;
mod at_once;
mod chains;
mod clear;
mod deployer;
mod lies;
mod list;
mod logs;
mod policies;
mod processes;
mod read_only;
mod rich;
mod scale;
mod scenario;
mod shipped;
mod single_faults;
mod teardown;
mod two_together;
mod walks;
