//! Writes the JavaScript side of a WebAssembly module.
//!
//! usage: `redact-checker-bindgen MODULE.wasm FOLDER`
//!
//! It writes `checker.js`, an ES module, and `checker_bg.wasm` into the folder. Nothing in them
//! loads a file: the caller passes the bytes to `initSync`.

use std::env;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [module, folder] = &arguments[..] else {
        eprintln!("usage: redact-checker-bindgen MODULE.wasm FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name("checker")
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .typescript(false);
    match bindgen.web(true).and_then(|bindgen| bindgen.generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redact-checker-bindgen: {error:#}");
            ExitCode::from(2)
        }
    }
}
