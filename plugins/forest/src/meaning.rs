//! What a model answers for: columns, features, classes, windows. A model file of ours says it; for others
//! the options do.

use tractor_learning::file::{FlowLife, LABEL_SHAPE, is_label};
use tractor_learning::table::{Profile, iscx};
use tractor_plugin::{Declaration, Label, Result};

use crate::settings::Settings;
use crate::stored::Stored;

/// The group unless the model or an option says another.
pub const TRAFFIC_CLASS: &str = "traffic_class";

pub struct Meaning {
    pub profile: Profile,
    pub group: String,
    pub classes: Vec<String>,
    /// In the model's order; `None`: the columns as they come.
    features: Option<Vec<String>>,
    /// 0: it is asked about whole flows alone.
    pub window_us: u64,
}

impl Meaning {
    /// # Errors
    /// A sentence with the file and what it, or an option, lacks or says wrong.
    pub fn of(settings: &Settings, stored: &Stored) -> Result<Self> {
        let header = stored.header.as_ref();
        let known = header.map(|header| &header.profile).filter(|known| !known.name.is_empty());
        // What stands in the file is not to be said again, differently perhaps.
        let said = [
            ("columns", settings.columns.is_some() && known.is_some()),
            ("group", settings.group.is_some() && header.is_some()),
            ("features", settings.features.is_some() && header.is_some()),
        ];
        if let Some((key, _)) = said.into_iter().find(|(_, is_twice)| *is_twice) {
            return Err(settings.refuse(format!("it says its {key} itself, without an option")));
        }
        let profile = match (known, &settings.columns) {
            (Some(known), _) => known.clone(),
            (None, Some(columns)) => profile(columns).ok_or_else(|| {
                settings.refuse(format!("option columns = {columns:?} is no profile and version"))
            })?,
            (None, None) => {
                let why = "it does not say of which profile its features are: \
                           give the option columns, such as iscx-a2/1";
                return Err(settings.refuse(why));
            }
        };
        let group = header.map(|header| header.label_group.clone()).or(settings.group.clone());
        let window_us = header.and_then(|header| header.flow_life).map_or(0, window_us);
        let meaning = Meaning {
            profile,
            group: group.unwrap_or_else(|| TRAFFIC_CLASS.to_owned()),
            classes: stored.classes.clone(),
            features: header.map(|header| header.features.clone()).or(settings.features.clone()),
            window_us: settings.window_us.unwrap_or(window_us),
        };
        meaning.check_names(settings)?;
        Ok(meaning)
    }

    fn check_names(&self, settings: &Settings) -> Result<()> {
        let names = std::iter::once(("group", &self.group));
        let mut names = names.chain(self.classes.iter().map(|class| ("class", class)));
        match names.find(|(_, name)| !is_label(name)) {
            None => Ok(()),
            Some((what, name)) => {
                Err(settings.refuse(format!("its {what} {name:?} is no label: {LABEL_SHAPE}")))
            }
        }
    }

    pub fn declaration(&self) -> Declaration {
        let label = |class: &String| Label::of(self.group.clone(), class.clone());
        Declaration {
            labels: self.classes.iter().map(label).collect(),
            columns: Some(self.profile.to_string()),
            window_us: self.window_us,
        }
    }

    /// By feature of the model, which column it is.
    ///
    /// # Errors
    /// A sentence with the file and the first feature that is no column, or how many there should be.
    pub fn places(
        &self,
        settings: &Settings,
        columns: &[String],
        feature_count: usize,
    ) -> Result<Vec<usize>> {
        // `iscx` prints the published names, and models know what the columns hold.
        let held = match &settings.features {
            Some(_) => columns.to_vec(),
            None => iscx::true_names(&self.profile, columns),
        };
        let place = |(number, name): (usize, &String)| {
            held.iter().position(|column| column == name).ok_or_else(|| {
                let (number, profile) = (number + 1, &self.profile);
                settings
                    .refuse(format!("its feature {number}, {name:?}, is no column of {profile}"))
            })
        };
        let places: Vec<usize> = match &self.features {
            None => (0..columns.len()).collect(),
            Some(names) => names.iter().enumerate().map(place).collect::<Result<_>>()?,
        };
        let (count, profile) = (places.len(), &self.profile);
        match &self.features {
            _ if count == feature_count => Ok(places),
            Some(_) => Err(settings.refuse(format!(
                "it takes {feature_count} features, and the option features names {count}"
            ))),
            None => Err(settings.refuse(format!(
                "it takes {feature_count} features, and {profile} has {count} columns that are \
                 numbers: name those that it takes in the option features"
            ))),
        }
    }
}

/// Of `iscx-a2/1`.
fn profile(text: &str) -> Option<Profile> {
    let (name, version) = text.split_once('/')?;
    Some(Profile { name: name.to_owned(), version: version.parse().ok()? })
}

/// Flows that were cut at an age are much like windows of that length.
fn window_us(life: FlowLife) -> u64 {
    life.window_us.or(life.active_timeout_us).unwrap_or(0)
}
