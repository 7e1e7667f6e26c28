//! What only looks, looks only: asserted on the wire, for every stack.
