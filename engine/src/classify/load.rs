//! Loading: once a process, before any worker.

use super::calls::{Calls, Slot};
use super::description::{Description, Needs, Wish};
use super::failure::{Absent, Fault, PluginFailure, Reason, Refusal};
use super::instance::{Instance, Maker, NotMade};
use super::labels::Labels;
use super::library::{self, Exported, Unfit};
use super::messages::{Messages, PluginMessage};
use super::options::{ColumnNames, PluginOptions};
use super::panel::Panel;
use super::search::{self, Candidate};
use crate::limits::{CLASSIFIERS_MAX, LABELS_MAX, PLUGIN_PACKETS_MAX, PLUGIN_PAYLOAD_BYTES_MAX};
use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use tractor_plugin::abi;

/// The classifiers of a run, shared by all workers. Their libraries are never unloaded.
pub struct Plugins {
    classifiers: Vec<Description>,
    makers: Vec<Arc<Maker>>,
    labels: Labels,
    refused: Vec<Refusal>,
    absent: Vec<Absent>,
    warnings: Vec<String>,
    errors: Vec<String>,
    messages: Arc<Messages>,
    calls: Arc<Calls>,
    /// Slot 0 of the calls, kept from workers.
    slot: Slot,
}

impl Plugins {
    /// Opens what is asked for, in plugin order, makes an instance of each classifier to see what it
    /// declares, and frees it. What is refused is told, and the rest loaded.
    pub fn load(options: &PluginOptions, column_names: ColumnNames) -> Self {
        let mut plugins = Self::none();
        match Calls::new(options.calls.as_deref()) {
            Ok(calls) => {
                plugins.calls = Arc::new(calls);
                plugins.slot = plugins.calls.slot();
            }
            Err(cause) => {
                plugins.warnings.push(format!("cannot write which plugin is inside: {cause}"))
            }
        }
        let found = search::find(options);
        plugins.refused.extend(found.refused);
        plugins.warnings.extend(found.warnings);
        let ask = Ask { options, column_names };
        for candidate in &found.candidates {
            plugins.open(candidate, &ask);
        }
        plugins.look_for_unknown_ids(options);
        plugins
    }

    /// No plugin at all.
    pub fn none() -> Self {
        let calls = Arc::new(Calls::default());
        Self {
            classifiers: Vec::new(),
            makers: Vec::new(),
            labels: Labels::default(),
            refused: Vec::new(),
            absent: Vec::new(),
            warnings: Vec::new(),
            errors: Vec::new(),
            messages: Arc::default(),
            slot: calls.slot(),
            calls,
        }
    }

    /// In plugin order.
    pub fn classifiers(&self) -> &[Description] {
        &self.classifiers
    }

    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }

    /// Left out, or not configured.
    pub fn absent(&self) -> &[Absent] {
        &self.absent
    }

    /// Sentences about what is odd but keeps nothing from being loaded.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Sentences about what was asked for in this run and cannot be done.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Whether any is loaded that does not come with the program.
    pub fn has_foreign(&self) -> bool {
        self.classifiers.iter().any(|one| !one.bundled)
    }

    /// What plugins had to say since the last time.
    pub fn take_messages(&self) -> Vec<PluginMessage> {
        self.messages.take()
    }

    /// Instances of all classifiers, for one worker.
    ///
    /// # Errors
    /// A classifier that could not be made again, or declares something else now.
    pub fn panel(&self) -> Result<Panel, PluginFailure> {
        Panel::new(&self.makers, &self.classifiers, &self.labels, self.calls.slot())
    }

    /// What makes instances of one classifier, and where to note its calls: for who looks at it
    /// alone.
    pub(super) fn maker(&self, place: usize) -> (Arc<Maker>, Slot) {
        (Arc::clone(&self.makers[place]), self.calls.slot())
    }

    fn refuse(&mut self, path: &Path, id: Option<&str>, why: String) {
        self.refuse_for(Fault::Library, path, id, why);
    }

    fn refuse_for(&mut self, fault: Fault, path: &Path, id: Option<&str>, why: String) {
        let id = id.map(str::to_owned);
        self.refused.push(Refusal { path: path.to_owned(), id, why, fault });
    }

    fn open(&mut self, candidate: &Candidate, ask: &Ask<'_>) {
        let path = &candidate.path;
        if ask.is_without(&path.display().to_string()) {
            let path = path.clone();
            self.absent.push(Absent { id: None, path, reason: Reason::LeftOut });
            return;
        }
        let called = self.calls.name(path, None);
        match self.slot.inside(called, || library::open(&candidate.real_path)) {
            Err(why) => self.refuse(path, None, why),
            Ok(classifiers) => {
                for exported in classifiers {
                    match exported {
                        Ok(exported) => self.take(exported, candidate, ask),
                        Err(Unfit { id, why }) => self.refuse(path, id.as_deref(), why),
                    }
                }
            }
        }
    }

    /// Takes a classifier of a library, or refuses it.
    fn take(&mut self, exported: Exported, candidate: &Candidate, ask: &Ask<'_>) {
        let (id, path) = (exported.id.clone(), candidate.path.clone());
        if ask.is_without(&id) {
            self.absent.push(Absent { id: Some(id), path, reason: Reason::LeftOut });
            return;
        }
        let made =
            self.may_be_made(&exported).and_then(|()| self.maker_of(exported, candidate, ask));
        let maker = match made {
            Ok(maker) => Arc::new(maker),
            Err(why) => return self.refuse(&path, Some(&id), why),
        };
        let mut instance = match maker.make(&mut self.slot) {
            Ok(instance) => instance,
            Err(NotMade::Because(why)) => return self.refuse(&path, Some(&id), why),
            Err(NotMade::BadOptions(why)) => {
                return self.refuse_for(Fault::Options, &path, Some(&id), why);
            }
            Err(NotMade::NotConfigured) => {
                return self.absent.push(Absent {
                    id: Some(id),
                    path,
                    reason: Reason::NotConfigured,
                });
            }
        };
        instance.free(&mut self.slot);
        match self.fits(&maker, &instance) {
            Ok(()) => self.add(maker, &instance, candidate.bundled),
            Err(why) => self.refuse(&path, Some(&id), why),
        }
    }

    fn may_be_made(&self, exported: &Exported) -> Result<(), String> {
        if let Some(first) = self.classifiers.iter().find(|one| one.id == exported.id) {
            return Err(format!("{} has the same id and was loaded first", first.path.display()));
        }
        if self.classifiers.len() == CLASSIFIERS_MAX {
            return Err(format!("there are {CLASSIFIERS_MAX} classifiers before it"));
        }
        if exported.when & (abi::WHEN_EARLY | abi::WHEN_WINDOW | abi::WHEN_CLOSED) == 0 {
            return Err("it wants to be shown flows at no time".to_owned());
        }
        Ok(())
    }

    fn maker_of(
        &self,
        exported: Exported,
        candidate: &Candidate,
        ask: &Ask<'_>,
    ) -> Result<Maker, String> {
        let own_columns = exported.declared.columns.as_deref().map(ask.column_names).transpose()?;
        Ok(Maker {
            options: ask.options_of(&exported.id)?,
            path: candidate.path.clone(),
            messages: Arc::clone(&self.messages),
            column_names: ask.column_names,
            own_columns: own_columns.unwrap_or_default(),
            called: self.calls.name(&candidate.path, Some(&exported.id)),
            exported,
        })
    }

    /// Whether what a classifier declared goes together, and with the others.
    fn fits(&self, maker: &Maker, instance: &Instance) -> Result<(), String> {
        let (declared, exported) = (&instance.declared, &maker.exported);
        if declared.labels.is_empty() {
            return Err("it has no labels".to_owned());
        }
        if exported.needs & abi::NEEDS_FEATURES != 0 && declared.columns.is_none() {
            return Err("it needs features, but names no columns".to_owned());
        }
        // One that has windows may say that with its options it has none, and be shown the rest.
        let is_without = exported.declared.window_us == 0 || exported.when == abi::WHEN_WINDOW;
        if exported.when & abi::WHEN_WINDOW != 0 && declared.window_us == 0 && is_without {
            return Err("it wants to be shown windows, but of no length".to_owned());
        }
        if !self.labels.have_room_for(declared.labels.len()) {
            return Err(format!("with its labels there would be more than {LABELS_MAX}"));
        }
        Ok(())
    }

    fn add(&mut self, maker: Arc<Maker>, instance: &Instance, bundled: bool) {
        let (declared, exported) = (&instance.declared, &maker.exported);
        let mut labels = Vec::with_capacity(declared.labels.len());
        for label in &declared.labels {
            let id = self.labels.intern(label);
            let first = &self.labels.get(id).group;
            if *first != label.group {
                self.warnings.push(format!(
                    "plugin {} has the label {} in the group {}; it stays in {first}, where a \
                     plugin before had it",
                    exported.id, label.name, label.group
                ));
            }
            labels.push(id);
        }
        self.classifiers.push(Description {
            id: exported.id.clone(),
            name: exported.name.clone(),
            version: exported.version.clone(),
            description: exported.description.clone(),
            path: maker.path.clone(),
            bundled,
            labels,
            wish: wish(exported, instance),
        });
        self.makers.push(maker);
    }

    fn look_for_unknown_ids(&mut self, options: &PluginOptions) {
        let loaded = self.classifiers.iter().map(|one| one.id.clone());
        let refused = self.refused.iter().filter_map(|one| one.id.clone());
        let absent = self.absent.iter().flat_map(|one| {
            let path = one.id.is_none().then(|| one.path.display().to_string());
            one.id.clone().into_iter().chain(path)
        });
        let known: Vec<String> = loaded.chain(refused).chain(absent).collect();
        for id in options.without.iter().filter(|id| !known.contains(id)) {
            self.warnings.push(format!("plugin {id} is to be left out, but is not there"));
        }
        let mut told: Vec<&str> = Vec::new();
        for option in options.options.iter().filter(|option| !known.contains(&option.id)) {
            if told.contains(&option.id.as_str()) {
                continue;
            }
            told.push(&option.id);
            let sentence = format!("there is no plugin {}, for which there are options", option.id);
            // A file that is left out whole may have had it.
            let may_be_left_out = self.absent.iter().any(|one| one.id.is_none());
            match option.is_typed && !may_be_left_out {
                true => self.errors.push(sentence),
                false => self.warnings.push(sentence),
            }
        }
    }
}

/// What is asked of all plugins.
struct Ask<'a> {
    options: &'a PluginOptions,
    column_names: ColumnNames,
}

impl Ask<'_> {
    fn is_without(&self, name: &str) -> bool {
        self.options.without.iter().any(|one| one == name)
    }

    /// The options of a classifier, of each key the last, in the order in which keys came first.
    fn options_of(&self, id: &str) -> Result<Vec<(CString, CString)>, String> {
        let mut texts: Vec<(&str, &str)> = Vec::new();
        for option in self.options.options.iter().filter(|option| option.id == id) {
            match texts.iter_mut().find(|(key, _)| *key == option.key) {
                Some((_, value)) => *value = &option.value,
                None => texts.push((&option.key, &option.value)),
            }
        }
        let text = |text: &str| {
            CString::new(text).map_err(|_| "an option for it has a NUL character".to_owned())
        };
        texts.into_iter().map(|(key, value)| Ok((text(key)?, text(value)?))).collect()
    }
}

/// What a classifier wishes, within our bounds.
fn wish(exported: &Exported, instance: &Instance) -> Wish {
    let needs = |what| exported.needs & what != 0;
    let when = |what| exported.when & what != 0;
    Wish {
        needs: Needs {
            payload: needs(abi::NEEDS_PAYLOAD),
            packets: needs(abi::NEEDS_PACKETS),
            features: needs(abi::NEEDS_FEATURES),
            names: needs(abi::NEEDS_NAMES),
        },
        early: when(abi::WHEN_EARLY),
        windows: when(abi::WHEN_WINDOW) && instance.declared.window_us > 0,
        closed: when(abi::WHEN_CLOSED),
        payload_bytes: exported.payload_bytes.min(PLUGIN_PAYLOAD_BYTES_MAX),
        packets: exported.packets.min(PLUGIN_PACKETS_MAX),
        early_after_us: exported.early_after_us,
        window_us: instance.declared.window_us,
        columns: instance.declared.columns.clone(),
        column_names: instance.columns.clone(),
    }
}
