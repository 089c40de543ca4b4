//! Flags about plugins, as typed and as meant, and loading what they name.

use crate::config::FileOption;
use crate::{Exit, messages, supervise};
use clap::Args;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;
use tractor_engine::classify::{
    Fault, Level, PluginMessage, PluginOption, PluginOptions, Plugins, Refusal,
};
use tractor_engine::dataflow::Summary;
use tractor_engine::profiles::Features;

/// The bundled plugin that knows rules for names.
const SIGNATURES: &str = "org.tractor.signatures";

/// What every command that classifies flows takes.
#[derive(Args, Clone)]
#[command(next_help_heading = "Plugins")]
pub struct PluginArguments {
    /// Also load the plugins (*.so) of this folder, sorted by name
    #[arg(long, value_name = "DIR")]
    pub plugins: Vec<PathBuf>,

    /// Also load this plugin
    #[arg(long, value_name = "FILE")]
    pub plugin: Vec<PathBuf>,

    /// Do without the classifier of this id, or without this file
    #[arg(long, value_name = "ID")]
    pub without_plugin: Vec<String>,

    /// Load no plugin, not even those that come with the program
    #[arg(long, conflicts_with_all = ["plugins", "plugin"])]
    pub no_plugins: bool,

    /// Treat a plugin that cannot be loaded as an error, not as a warning
    #[arg(long)]
    pub strict_plugins: bool,

    /// Tell a plugin something, such as org.example.ports.ssh=2222; in tractor.toml: [plugins."ID"]
    /// with KEY = VALUE
    #[arg(long, value_name = "ID.KEY=VALUE", value_parser = plugin_option)]
    pub plugin_option: Vec<(String, String, String)>,

    /// Rules for names beside the built-in ones: short for org.tractor.signatures.rules=FILE
    #[arg(long, value_name = "FILE")]
    pub rules: Option<String>,

    /// From tables of the configuration file.
    #[arg(skip)]
    pub of_file: Vec<FileOption>,

    /// Names of the fields whose flags were typed.
    #[arg(skip)]
    pub typed: Vec<String>,
}

/// Reads `ID.KEY=VALUE`. Ids have dots, keys have none.
pub fn plugin_option(text: &str) -> Result<(String, String, String), String> {
    let parts = text.split_once('=').and_then(|(name, value)| {
        let (id, key) = name.rsplit_once('.')?;
        (!id.is_empty() && !key.is_empty()).then_some((id, key, value))
    });
    let (id, key, value) = parts.ok_or("write ID.KEY=VALUE, such as org.example.ports.ssh=2222")?;
    Ok((id.to_owned(), key.to_owned(), value.to_owned()))
}

impl PluginArguments {
    /// The same as one would type it, without the plugins `without`.
    pub fn words(&self, without: &[String]) -> Vec<OsString> {
        let pair = |flag: &str, value: &OsStr| [OsString::from(flag), value.to_owned()];
        let mut words = Vec::new();
        if self.is_none() {
            words.push(OsString::from("--no-plugins"));
        } else {
            words.extend(self.plugins.iter().flat_map(|path| pair("--plugins", path.as_os_str())));
            words.extend(self.plugin.iter().flat_map(|path| pair("--plugin", path.as_os_str())));
        }
        words.extend(self.strict_plugins.then(|| OsString::from("--strict-plugins")));
        let without = self.without_plugin.iter().chain(without);
        words.extend(without.map(|id| OsString::from(format!("--without-plugin={id}"))));
        for PluginOption { id, key, value, .. } in self.options() {
            words.push(OsString::from(format!("--plugin-option={id}.{key}={value}")));
        }
        words
    }

    fn is_typed(&self, field: &str) -> bool {
        self.typed.iter().any(|one| one == field)
    }

    /// What is typed comes last and so counts.
    fn options(&self) -> Vec<PluginOption> {
        let option = |id: &str, key: &str, value: &str, is_typed| PluginOption {
            id: id.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
            is_typed,
        };
        let of_file = self
            .of_file
            .iter()
            .map(|FileOption { id, key, value, .. }| option(id, key, value, false));
        let is_typed = self.is_typed("plugin_option");
        let given = self.plugin_option.iter();
        let given = given.map(|(id, key, value)| option(id, key, value, is_typed));
        let is_typed = self.is_typed("rules");
        let rules = self.rules.iter().map(|file| option(SIGNATURES, "rules", file, is_typed));
        let mut all: Vec<PluginOption> = of_file.chain(given).chain(rules).collect();
        all.sort_by_key(|option| option.is_typed);
        all
    }

    /// Whether no plugin is wanted; a plugin that is typed is, whatever a file says.
    fn is_none(&self) -> bool {
        let wants_one = self.is_typed("plugins") || self.is_typed("plugin");
        self.no_plugins && (self.is_typed("no_plugins") || !wants_one)
    }

    fn meant(&self) -> PluginOptions {
        PluginOptions {
            bundled: true,
            folders: self.plugins.clone(),
            files: self.plugin.clone(),
            without: self.without(),
            options: self.options(),
            calls: supervise::child::orders().map(|orders| orders.calls.clone()),
        }
    }

    /// What is left out by whoever gave the command, and by whoever supervises it.
    fn without(&self) -> Vec<String> {
        let broken = supervise::child::orders().map_or(&[][..], |orders| &orders.without);
        self.without_plugin.iter().chain(broken).cloned().collect()
    }

    /// Whether what was refused was typed and is most likely a slip: a file or folder that cannot be
    /// read, or options that its plugin refuses.
    pub fn asked_for(&self, refusal: &Refusal) -> bool {
        let names =
            |field: &str, paths: &[PathBuf]| self.is_typed(field) && paths.contains(&refusal.path);
        match refusal.fault {
            Fault::Library => false,
            Fault::Unreadable => names("plugins", &self.plugins) || names("plugin", &self.plugin),
            Fault::Options => {
                let mut options = self.options().into_iter();
                options.any(|option| option.is_typed && Some(&option.id) == refusal.id.as_ref())
            }
        }
    }

    /// Whether any is named that does not come with the program.
    pub fn names_foreign(&self) -> bool {
        let names_some = !self.plugins.is_empty() || !self.plugin.is_empty();
        names_some && !self.is_none()
    }
}

/// Loads what is asked for and says what is odd, but for what is refused: that is for the caller.
///
/// # Errors
/// How the command ends when something was asked for that cannot be done.
pub fn load_only(arguments: &PluginArguments) -> Result<Arc<Plugins>, Exit> {
    if arguments.is_none() {
        return Ok(Arc::new(Plugins::none()));
    }
    let plugins = Plugins::load(&arguments.meant(), Features::names);
    if !was_said_before() {
        plugins.warnings().iter().for_each(messages::warning);
    }
    say_messages(&plugins);
    plugins.errors().iter().for_each(messages::error);
    match plugins.errors().is_empty() {
        true => Ok(Arc::new(plugins)),
        false => Err(Exit::Usage),
    }
}

/// Loads what is asked for and says nothing: what is odd is told by whoever asked.
pub fn load_in_silence(arguments: &PluginArguments) -> Arc<Plugins> {
    match arguments.is_none() {
        true => Arc::new(Plugins::none()),
        false => Arc::new(Plugins::load(&arguments.meant(), Features::names)),
    }
}

/// Loads what is asked for and says what is refused.
///
/// # Errors
/// How the command ends when something was asked for that cannot be done.
pub fn load(arguments: &PluginArguments) -> Result<Arc<Plugins>, Exit> {
    let loaded = load_only(arguments);
    let plugins = loaded?;
    say_refused(&plugins, arguments)?;
    for one in plugins.classifiers() {
        let path = messages::printable(one.path.display());
        messages::verbose(format_args!("plugin {} {} of {path}", one.id, one.version));
    }
    Ok(plugins)
}

/// Whether this run is done again, and what is odd was said when it was done first.
fn was_said_before() -> bool {
    supervise::child::orders().is_some_and(|orders| orders.is_repeated)
}

/// What is refused, as warnings or as errors.
fn say_refused(plugins: &Plugins, arguments: &PluginArguments) -> Result<(), Exit> {
    let is_error = |one: &&Refusal| arguments.strict_plugins || arguments.asked_for(one);
    let (errors, warnings): (Vec<_>, Vec<_>) = plugins.refused().iter().partition(is_error);
    if !was_said_before() {
        warnings.into_iter().for_each(messages::warning);
    }
    errors.iter().for_each(messages::error);
    if errors.is_empty() { Ok(()) } else { Err(Exit::Usage) }
}

/// What plugins had to say since the last time.
pub fn say_messages(plugins: &Plugins) {
    for PluginMessage { id, level, text } in plugins.take_messages() {
        match level {
            Level::Error => messages::error(format_args!("plugin {id}: {text}")),
            Level::Warning => messages::warning(format_args!("plugin {id}: {text}")),
            Level::Info => {
                messages::verbose(format_args!("plugin {id}: {}", messages::printable(text)));
            }
        }
    }
}

/// What became of the calls: flows with which a plugin failed, and with `timings` what it cost.
pub fn say_counts(plugins: &Plugins, summary: &Summary, timings: bool) {
    for (plugin, counts) in plugins.classifiers().iter().zip(&summary.plugins) {
        let id = &plugin.id;
        if timings {
            messages::timings_of_plugin(id, counts.busy_ns, counts.flows);
        }
        if counts.errors > 0 {
            let flows = messages::counted(counts.errors, "flow");
            let why = counts.first_error.as_deref().unwrap_or("it did not say why");
            messages::warning(format_args!("plugin {id} failed with {flows}: {why}"));
        }
        if counts.dropped_tags > 0 {
            let tags = messages::counted(counts.dropped_tags, "wrong verdict");
            messages::warning(format_args!("plugin {id} gave {tags}, which do not count"));
        }
    }
}
