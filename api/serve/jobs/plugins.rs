//! Which plugins there are, as a child says, and which broke jobs.

use super::settings::Settings;
use crate::serve::views::{LoadedPlugin, Plugins, QuarantinedPlugin, RefusedPlugin};
use crate::supervise::{nameless, wait_with_group};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use tractor_engine::classify::{Fault, Refusal};

/// Plugins as they were when the server started, and what became of them since.
#[derive(Clone, Default)]
pub struct PluginStates {
    pub view: Plugins,
    /// Labels by group, of the loaded plugins.
    pub labels: BTreeMap<String, Vec<String>>,
}

impl PluginStates {
    /// Asks a child.
    ///
    /// # Errors
    /// A sentence: the child could not be asked, refuses its arguments, or cannot do what somebody typed.
    pub fn ask(settings: &Settings) -> Result<Self, String> {
        let cannot =
            |cause: &dyn std::fmt::Display| format!("plugins cannot be looked at: {cause}");
        let mut command = settings.plugins().map_err(|cause| cannot(&cause))?;
        // A file, not a pipe: nobody whom a plugin leaves behind is waited for.
        let mut output = nameless("plugins").map_err(|cause| cannot(&cause))?;
        let to_child = output.try_clone().map_err(|cause| cannot(&cause))?;
        command.stdin(Stdio::null()).stdout(to_child).stderr(Stdio::inherit());
        // Nor does anybody stay behind.
        let child = command.process_group(0).spawn();
        let status = child.and_then(|mut child| wait_with_group(&mut child));
        let status = status.map_err(|cause| cannot(&cause))?;
        if !status.success() {
            return Err("plugins cannot be loaded as asked for".to_owned());
        }
        let mut text = String::new();
        output
            .rewind()
            .and_then(|()| output.read_to_string(&mut text))
            .map_err(|cause| cannot(&cause))?;
        let list: Value = serde_json::from_str(&text).map_err(|cause| cannot(&cause))?;
        for refusal in objects(&list["refused"]).iter().filter_map(refusal) {
            if settings.asked_for(&refusal) {
                return Err(refusal.to_string());
            }
            tracing::warn!("{refusal}");
        }
        Ok(Self::read(&list))
    }

    fn read(list: &Value) -> Self {
        let mut states = Self::default();
        for one in objects(&list["loaded"]) {
            let labels = objects(&one["labels"]);
            states.view.loaded.push(LoadedPlugin {
                id: text(&one["id"]),
                name: text(&one["name"]),
                version: text(&one["version"]),
                path: text(&one["path"]),
                labels: labels.len() as u64,
                ..LoadedPlugin::default()
            });
            for label in labels {
                states.labels.entry(text(&label["group"])).or_default().push(text(&label["name"]));
            }
        }
        for one in objects(&list["refused"]) {
            let id = one["id"].as_str().map(str::to_owned);
            let (path, why) = (text(&one["path"]), text(&one["why"]));
            states.view.refused.push(RefusedPlugin { path, id, why });
        }
        states
    }

    /// Notes a plugin that broke a job.
    pub fn quarantine(&mut self, id: &str, why: &str, job_id: u64) {
        let known = self.view.quarantined.iter_mut().find(|one| one.id == id);
        match known {
            Some(one) => {
                (one.job_id, one.jobs) = (job_id, one.jobs + 1);
                why.clone_into(&mut one.why);
            }
            None => self.view.quarantined.push(QuarantinedPlugin {
                id: id.to_owned(),
                why: why.to_owned(),
                job_id,
                jobs: 1,
            }),
        }
    }

    /// Adds what plugins cost in a job.
    pub fn add_costs(&mut self, costs: &[(String, u64, u64, u64)]) {
        for (id, flows, busy_ms, errors) in costs {
            if let Some(one) = self.view.loaded.iter_mut().find(|one| one.id == *id) {
                one.flows += flows;
                one.busy_ms += busy_ms;
                one.errors += errors;
            }
        }
    }
}

/// What the child refused; `None` where it says nothing of the kind.
fn refusal(value: &Value) -> Option<Refusal> {
    let fault = Fault::ALL.into_iter().find(|fault| value["fault"] == fault.name())?;
    let id = value["id"].as_str().map(str::to_owned);
    Some(Refusal { path: text(&value["path"]).into(), id, why: text(&value["why"]), fault })
}

fn objects(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
