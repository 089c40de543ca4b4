//! What an author writes.

use crate::{Flow, Flows, Label, Needs, Options, Result, Tags, Verdict, When};

/// One classifier. An instance is made for each worker of the host, and is used on one thread alone;
/// statics are shared between them.
///
/// A flow must get the same verdict whatever else was shown before or beside it.
pub trait Classifier: Sized + 'static {
    /// Unique, such as `org.example.ports`.
    const ID: &'static str;
    /// For people. Empty: the package's name.
    const NAME: &'static str = "";
    /// Empty: the package's version.
    const VERSION: &'static str = "";
    /// One sentence. Empty: the package's description.
    const DESCRIPTION: &'static str = "";

    /// Verdicts are indices of these. Empty where [`declare`](Self::declare) knows them.
    const LABELS: &'static [Label] = &[];
    /// What must be filled; what nobody needs costs nothing.
    const NEEDS: Needs = Needs::NONE;
    /// When flows are shown.
    const WHEN: When = When::CLOSED;
    /// Profile and version whose columns are the features, such as `iscx-a2/1`.
    const COLUMNS: Option<&'static str> = None;

    /// Bytes of payload wanted of each direction; the host has a bound (4096).
    const PAYLOAD_BYTES: u32 = if Self::NEEDS.has(Needs::PAYLOAD) { 1024 } else { 0 };
    /// Packets wanted of each flow; the host has a bound (255).
    const PACKETS: u32 = if Self::NEEDS.has(Needs::PACKETS) { 20 } else { 0 };
    /// The early call also comes after so many microseconds of packet time; 0: by payload and packets
    /// alone.
    const EARLY_AFTER_US: u64 = 0;
    /// Microseconds of a window, 0: no windows.
    const WINDOW_US: u64 = 0;

    /// Makes an instance.
    ///
    /// # Errors
    /// The classifier is then absent, and the host says why.
    fn create(options: &Options) -> Result<Self>;

    /// What is this flow? `None` leaves what an earlier call said of it.
    ///
    /// One of this and [`classify_batch`](Self::classify_batch) must be there.
    fn classify(&mut self, flow: &Flow) -> Option<Verdict> {
        let _ = flow;
        None
    }

    /// The same for many flows at once, for who wants matrices, or gives a flow several labels.
    ///
    /// # Errors
    /// The host then shows the flows one by one; those that fail alone get nothing of this call.
    fn classify_batch(&mut self, flows: Flows, tags: &mut Tags) -> Result<()> {
        for (place, flow) in flows.iter().enumerate() {
            if let Some(verdict) = self.classify(&flow) {
                tags.add(place, verdict);
            }
        }
        Ok(())
    }

    /// For labels and columns that stand in a file named in the options. Called before
    /// [`create`](Self::create), in each instance, and must say the same in each.
    ///
    /// # Errors
    /// As `create`.
    fn declare(options: &Options) -> Result<Declaration> {
        let _ = options;
        Ok(Declaration::of_constants::<Self>())
    }
}

/// What may be known only from the options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Verdicts are indices of these.
    pub labels: Vec<Label>,
    /// As [`Classifier::COLUMNS`].
    pub columns: Option<String>,
    /// As [`Classifier::WINDOW_US`]; 0 where with these options there are no windows after all.
    pub window_us: u64,
}

impl Declaration {
    /// What the classifier's constants say.
    pub fn of_constants<C: Classifier>() -> Self {
        Declaration {
            labels: C::LABELS.to_vec(),
            columns: C::COLUMNS.map(str::to_owned),
            window_us: C::WINDOW_US,
        }
    }
}
