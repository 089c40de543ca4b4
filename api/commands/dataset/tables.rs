//! Tables, and how their flows were made: they say it, or the user does.

use super::{refused, sha256};
use crate::cli::{BuildArguments, TrainArguments};
use crate::{Exit, messages};
use std::path::PathBuf;
use tractor_engine::profiles::{Chosen, Features, Profile as EngineProfile};
use tractor_learning::Table;
use tractor_learning::file::{FlowLife, Input, LABEL_SHAPE, is_label};
use tractor_learning::table::{Profile, ReadOptions, iscx, read};

/// What the command line, or a configuration file, says of the data.
pub struct Said {
    profile: Option<&'static EngineProfile>,
    /// It was typed: data that say another are refused. Else it is for data that say none.
    is_profile_typed: bool,
    times: Times,
    /// Those that were typed: data that say others are refused.
    typed: Times,
    /// How one says a profile.
    usage: &'static str,
}

/// What is said of how flows were cut.
#[derive(Clone, Copy)]
struct Times {
    active_ns: Option<i64>,
    idle_ns: Option<i64>,
    window_ns: Option<i64>,
}

/// What is said to those who build a table of tables. Defaults are for captures.
pub fn said_of_building(arguments: &BuildArguments) -> Said {
    let options = &arguments.options;
    let is_profile_typed = options.is_typed("profile");
    let times = Times {
        active_ns: options.active_timeout,
        idle_ns: options.idle_timeout,
        window_ns: arguments.window,
    };
    let typed = times.of(|field| options.is_typed(field));
    Said {
        profile: is_profile_typed.then_some(options.profile),
        is_profile_typed,
        times: typed,
        typed,
        usage: "--profile NAME, such as iscx-a2",
    }
}

/// # Errors
/// A sentence, when what was typed is no profile and version.
pub fn said(arguments: &TrainArguments) -> Result<Said, String> {
    let flows = &arguments.flows;
    let is_profile_typed = arguments.is_typed("profile");
    let profile = match flows.profile.as_deref().map(profile).transpose() {
        Ok(profile) => profile,
        Err(why) if is_profile_typed => return Err(why),
        // At the top of a file the name alone is for `flows`.
        Err(_) => None,
    };
    let times = Times {
        active_ns: flows.active_timeout,
        idle_ns: flows.idle_timeout,
        window_ns: flows.window,
    };
    Ok(Said {
        profile,
        is_profile_typed,
        times,
        typed: times.of(|field| arguments.is_typed(field)),
        usage: "--profile NAME/VERSION, such as iscx-a2/1",
    })
}

fn profile(text: &str) -> Result<&'static EngineProfile, String> {
    let wrong = || format!("--profile is {text}: give name and version, such as iscx-a2/1");
    let (name, version) = text.split_once('/').ok_or_else(wrong)?;
    let profile = EngineProfile::named(name)
        .ok_or_else(|| format!("there is no profile {name}; tractor profiles lists them"))?;
    match version.parse() == Ok(profile.version) {
        true => Ok(profile),
        false => {
            let ours = profile.version;
            Err(format!("the columns of {name} are of version {ours}, not {version}"))
        }
    }
}

/// Reads the data as one table, whose profile is known.
pub fn read_table(files: &[PathBuf], said: &Said) -> Result<Table, Exit> {
    let of = |profile: &'static EngineProfile| Profile {
        name: profile.name.to_owned(),
        version: profile.version,
    };
    let mut options = ReadOptions::default();
    if said.is_profile_typed {
        options.profile = said.profile.map(of).unwrap_or_default();
    }
    let mut table = read(files, &options).map_err(|error| refused(&error))?;
    if table.profile.name.is_empty() {
        let Some(profile) = said.profile else {
            let file = files.first().map(|file| file.display().to_string());
            messages::error(format_args!(
                "{} does not say its profile: say it with {}",
                file.unwrap_or_default(),
                said.usage
            ));
            return Err(Exit::Usage);
        };
        options.profile = of(profile);
        table = read(files, &options).map_err(|error| refused(&error))?;
    }
    if let Some(other) = foreign_column(&table) {
        let profile = &table.profile;
        messages::error(format_args!("the data have a column {other}, and {profile} has none"));
        return Err(Exit::Failure);
    }
    Ok(table)
}

/// A model that no flow can be judged by is learned all the same, for its report.
pub fn warn_of_what_is_of_no_use(table: &Table) {
    if let Some(class) = table.classes.iter().find(|class| !is_label(class)) {
        let class = messages::printable(class);
        messages::warning(format_args!(
            "the class {class} is no label, so flows cannot be judged by this model: {LABEL_SHAPE}; \
             tractor dataset build --labels gives other names"
        ));
    }
    let profile = EngineProfile::named(&table.profile.name);
    if profile.is_some_and(|profile| profile.reading.is_copied()) {
        messages::warning(format_args!(
            "no plugin sees columns of {}, so flows cannot be judged by this model",
            table.profile.name
        ));
    }
}

/// The files that were read, then the captures that they say they are of.
pub fn inputs(files: &[PathBuf], table: &Table) -> Result<Vec<Input>, Exit> {
    let mut inputs = Vec::new();
    for path in files {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let hash = sha256(path).map_err(|cause| {
            let (path, cause) = (path.display(), cause.to_string());
            messages::error(format_args!("cannot read {path}: {}", messages::in_words(&cause)));
            Exit::Failure
        })?;
        inputs.push(Input { name, hash });
    }
    inputs.extend(table.inputs.iter().cloned());
    Ok(inputs)
}

/// A column that the profile does not have: its flows would not have it either.
fn foreign_column(table: &Table) -> Option<&str> {
    let profile = EngineProfile::named(&table.profile.name)?;
    let own: Vec<String> =
        Features::of(profile, Chosen::All).columns().map(str::to_owned).collect();
    let true_names = iscx::true_names(&table.profile, &own);
    let is_own = |name: &&String| own.contains(name) || true_names.contains(name);
    table.features.iter().find(|name| !is_own(name)).map(String::as_str)
}

impl Said {
    /// How the flows of the table were cut, where that is known.
    ///
    /// # Errors
    /// A sentence, when other was typed than the table says.
    pub fn life_of(&self, table: &Table) -> Result<Option<FlowLife>, String> {
        let Some(known) = table.flow_life else { return Ok(self.life(&table.profile)) };
        // Of what was not typed the data are right.
        let typed = self.typed.over(known);
        match typed == known {
            true => Ok(Some(known)),
            false => Err(format!("the flows of the data have {known}, and not {typed}")),
        }
    }

    /// That of the profile, with what was said; nothing where nothing was said.
    fn life(&self, profile: &Profile) -> Option<FlowLife> {
        let Times { active_ns, idle_ns, window_ns } = self.times;
        [active_ns, idle_ns, window_ns].iter().flatten().next()?;
        let life = EngineProfile::named(&profile.name)?.life;
        Some(self.times.over(FlowLife {
            idle_timeout_us: Some(us(life.idle_ns)),
            active_timeout_us: life.active_ns.map(us),
            window_us: None,
        }))
    }
}

impl Times {
    /// Those of these fields alone.
    fn of(self, is_meant: impl Fn(&str) -> bool) -> Self {
        Times {
            active_ns: self.active_ns.filter(|_| is_meant("active_timeout")),
            idle_ns: self.idle_ns.filter(|_| is_meant("idle_timeout")),
            window_ns: self.window_ns.filter(|_| is_meant("window")),
        }
    }

    /// A life with these in place of its own.
    fn over(self, life: FlowLife) -> FlowLife {
        FlowLife {
            idle_timeout_us: self.idle_ns.map(us).or(life.idle_timeout_us),
            active_timeout_us: self.active_ns.map(us).or(life.active_timeout_us),
            window_us: self.window_ns.map(us).or(life.window_us),
        }
    }
}

fn us(ns: i64) -> u64 {
    u64::try_from(ns / 1_000).unwrap_or(0)
}
