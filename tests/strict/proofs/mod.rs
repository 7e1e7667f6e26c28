//! What is proved with the strict cloud.

mod adopt;
mod at_once;
mod deployer;
mod list;
mod policies;
mod processes;
mod read_only;
mod rich;
mod shipped;
pub(crate) mod single_faults;
mod teardown;
mod two_together;
