//! What is proved with the strict cloud.

mod at_once;
mod lies;
mod rich;
mod shipped;
mod single_faults;
mod two_together;
