use crate::a::{b::{self, c as d}, *};
mod e; /* /* mod no; */ */
const F: &str = r#"use no;"#; include!("../b.rs");
use super::g;
