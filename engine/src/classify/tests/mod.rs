//! The border, with real libraries.

mod calls;
mod loading;
mod panels;
#[path = "../../../../tests/support/plugins.rs"]
mod plugins;

use super::{PluginOption, PluginOptions, Plugins};
use std::path::PathBuf;

fn files(files: &[PathBuf]) -> PluginOptions {
    PluginOptions { files: files.to_vec(), ..PluginOptions::default() }
}

fn load(options: &PluginOptions) -> Plugins {
    Plugins::load(options, |wanted| match wanted {
        "two/1" => Ok(vec!["one", "other"]),
        "three/1" => Ok(vec!["one", "two", "three"]),
        _ => Err(format!("there is no {wanted}")),
    })
}

fn option(id: &str, key: &str, value: &str) -> PluginOption {
    let [id, key, value] = [id, key, value].map(str::to_owned);
    PluginOption { id, key, value, is_typed: true }
}

/// The sentences about what is refused.
fn refused(plugins: &Plugins) -> Vec<String> {
    plugins.refused().iter().map(|refusal| refusal.why.clone()).collect()
}
