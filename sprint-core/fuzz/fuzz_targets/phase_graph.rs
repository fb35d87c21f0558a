//! Fuzzes one parser: `cargo +nightly fuzz run phase_graph`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sprint_core::testing::parsers::PARSERS;

fuzz_target!(|bytes: &[u8]| {
    let parser = PARSERS.iter().find(|parser| parser.name == "phase_graph");
    (parser.expect("the table has it").run)(bytes);
});
