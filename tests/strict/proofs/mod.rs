//! What is proved with the strict cloud.

mod at_once;
mod clear;
mod rich;
mod scenario;
mod shipped;
mod single_faults;
mod two_together;
