//! Room
