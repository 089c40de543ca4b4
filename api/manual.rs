//! What packagers install beside the program: completions and manual pages.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
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
    rendered(&Man::new(crate::cli::command()))
}

/// A page for the program and for every command, in a folder, which is made if need be.
///
/// # Errors
/// Those of writing files.
pub fn pages(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut program = crate::cli::command().disable_help_subcommand(true);
    program.build();
    for command in program.get_subcommands().chain([&program]) {
        let man = Man::new(command.clone());
        std::fs::write(folder.join(man.get_filename()), rendered(&man)?)?;
    }
    Ok(())
}

/// A page whose last section has a name that says what is there, and examples on lines of their own.
fn rendered(man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    let Some((before, extra)) = page.split_once(".SH EXTRA\n") else {
        return Ok(page.into_owned().into_bytes());
    };
    let examples = ["Examples:\n", "Example:\n"].iter().find_map(|title| extra.strip_prefix(title));
    let page = match examples {
        Some(examples) => format!("{before}.SH EXAMPLES\n.nf\n{examples}.fi\n"),
        None => format!("{before}.SH NOTES\n{extra}"),
    };
    Ok(page.into_bytes())
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
