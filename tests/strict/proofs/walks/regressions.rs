//! The cases that walks have found, each as small as it became.
