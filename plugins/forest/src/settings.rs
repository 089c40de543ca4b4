//! The options as they were given.

use tractor_plugin::{Error, Options, Result};

/// The greatest probability of a class below which nothing is said, unless chosen: a class is then more
/// likely than all others together.
const CONFIDENCE_MIN: f32 = 0.5;

/// What the user says of the model; a model file of ours says the middle three itself.
pub struct Settings {
    /// The model's file.
    pub model: String,
    /// Profile and version of the features, such as `iscx-a2/1`.
    pub columns: Option<String>,
    /// What the classes are of.
    pub group: Option<String>,
    /// Names of columns, in the model's order.
    pub features: Option<Vec<String>>,
    /// Instead of what the model says; 0: no windows.
    pub window_us: Option<u64>,
    pub confidence_min: f32,
}

impl Settings {
    /// # Errors
    /// A sentence with the option that is unknown, or whose value is wrong; NOT_CONFIGURED without a model.
    pub fn of(options: &Options) -> Result<Self> {
        let text = |key: &str| options.get(key).map(str::to_owned);
        let list = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
        let window_us = options.get("window_us").map(|_| options.get_or("window_us", 0));
        let settings = Settings {
            model: text("model").unwrap_or_default(),
            columns: text("columns"),
            group: text("group"),
            features: options.get("features").map(list),
            window_us: window_us.transpose()?,
            confidence_min: options.get_or("min_confidence", CONFIDENCE_MIN)?,
        };
        // Before it is missed: it may be what was misspelt.
        options.finish()?;
        if settings.model.is_empty() {
            return Err(Error::not_configured(
                "the option model names the file of a trained model",
            ));
        }
        if !(0.0..=1.0).contains(&settings.confidence_min) {
            let given = settings.confidence_min;
            let why = format!("option min_confidence = \"{given}\": it is not from 0 to 1");
            return Err(Error::bad_option(why));
        }
        Ok(settings)
    }

    /// An error that names the model's file.
    pub fn refuse(&self, why: impl std::fmt::Display) -> Error {
        Error::bad_option(format!("{}: {why}", self.model))
    }
}
