//! What is proved with the strict cloud.

mod at_once;
mod rich;
mod shipped;
mod single_faults;
mod two_together;
mod walks;
