//! The data, and how their flows were made: they say it, or the user does.

use crate::cli::TrainArguments;
use crate::commands::dataset::refused;
use crate::{Exit, messages};
use tractor_engine::profiles::{Chosen, Features, Profile as EngineProfile};
use tractor_learning::Table;
use tractor_learning::file::{FlowLife, LABEL_SHAPE, is_label};
use tractor_learning::table::{Profile, ReadOptions, iscx, read};

/// What the command line, or a configuration file, says of the data.
pub struct Said {
    profile: Option<&'static EngineProfile>,
    /// It was typed: data that say another are refused. Else it is for data that say none.
    is_profile_typed: bool,
    active_ns: Option<i64>,
    idle_ns: Option<i64>,
    window_ns: Option<i64>,
    is_life_typed: bool,
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
    let fields = ["active_timeout", "idle_timeout", "window"];
    Ok(Said {
        profile,
        is_profile_typed,
        active_ns: flows.active_timeout,
        idle_ns: flows.idle_timeout,
        window_ns: flows.window,
        is_life_typed: fields.iter().any(|field| arguments.is_typed(field)),
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
pub fn read_table(arguments: &TrainArguments, said: &Said) -> Result<Table, Exit> {
    let of = |profile: &'static EngineProfile| Profile {
        name: profile.name.to_owned(),
        version: profile.version,
    };
    let mut options = ReadOptions::default();
    if said.is_profile_typed {
        options.profile = said.profile.map(of).unwrap_or_default();
    }
    let mut table = read(&arguments.data, &options).map_err(|error| refused(&error))?;
    if table.profile.name.is_empty() {
        let Some(profile) = said.profile else {
            let file = arguments.data.first().map(|file| file.display().to_string());
            messages::error(format_args!(
                "{} does not say its profile: say it with --profile NAME/VERSION, such as iscx-a2/1",
                file.unwrap_or_default()
            ));
            return Err(Exit::Usage);
        };
        options.profile = of(profile);
        table = read(&arguments.data, &options).map_err(|error| refused(&error))?;
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
        let said = self.life(&table.profile);
        match (table.flow_life, said) {
            (Some(known), Some(said)) if self.is_life_typed && known != said => {
                Err(format!("the flows of the data have {known}, and not {said}"))
            }
            (Some(known), _) => Ok(Some(known)),
            (None, said) => Ok(said),
        }
    }

    /// That of the profile, with what was said; nothing where nothing was said.
    fn life(&self, profile: &Profile) -> Option<FlowLife> {
        [self.active_ns, self.idle_ns, self.window_ns].iter().flatten().next()?;
        let life = EngineProfile::named(&profile.name)?.life;
        let us = |ns: i64| u64::try_from(ns / 1_000).unwrap_or(0);
        Some(FlowLife {
            idle_timeout_us: Some(us(self.idle_ns.unwrap_or(life.idle_ns))),
            active_timeout_us: self.active_ns.or(life.active_ns).map(us),
            window_us: self.window_ns.map(us),
        })
    }
}
