//! What packagers install beside the program: completions and manual pages.

use clap::Command;
use clap_complete::Shell;
use std::io;
use std::path::Path;

/// The completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut without_hidden(&crate::cli::command()),
        "tractor",
        &mut script,
    );
    script
}

/// tractor(1).
///
/// # Errors
/// None that writing to memory does not have.
pub fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(crate::cli::command()).render(&mut page)?;
    Ok(page)
}

/// A page for the program and for every command, in a folder, which is made if need be.
///
/// # Errors
/// Those of writing files.
pub fn pages(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(crate::cli::command().disable_help_subcommand(true), folder)
}

/// Generators of completions do not know of hidden options.
fn without_hidden(command: &Command) -> Command {
    let mut shown = Command::new(command.get_name().to_owned())
        .args(command.get_arguments().filter(|one| !one.is_hide_set()))
        .subcommands(command.get_subcommands().map(without_hidden));
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    match command.get_version() {
        Some(version) => shown.version(version.to_owned()),
        None => shown,
    }
}
