//! Which columns of a profile a run prints, and in which order.

use super::{Column, Columns, Kind, Profile, Row, Value, early, labels, native, session};
use std::sync::LazyLock;

/// What stands before the names of standard columns that the profile itself does not have.
pub const STANDARD_PREFIX: &str = "tractor.";

/// The columns of a run.
#[derive(Clone, Copy)]
pub struct Layout {
    profile: &'static Profile,
    shape: Shape,
    labels: bool,
    standard: bool,
}

#[derive(Clone, Copy)]
enum Shape {
    Flows {
        /// The flow's identity stands in front.
        with_id: bool,
        /// The first packets stand before the class.
        early_packets: bool,
    },
    /// A row a flow and window.
    Windows,
    /// A row a session, or a session and window.
    Sessions { windows: bool },
}

/// What stands in front of the rows of windows.
static WINDOW: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = Columns::default();
    native::flow_id(&mut columns);
    window(&mut columns);
    columns
});

/// What stands in front of the rows of sessions.
static SESSION: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = Columns::default();
    session::columns(&mut columns);
    columns
});

/// The same of their windows.
static SESSION_WINDOW: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = Columns::default();
    session::id(&mut columns);
    window(&mut columns);
    columns
});

/// What classifiers and names say of a session's flows.
static SESSION_LABELS: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = Columns::default();
    labels::label(&mut columns);
    labels::traffic_class(&mut columns);
    session::server_name(&mut columns);
    columns
});

fn window(columns: &mut Columns) {
    columns.add("window_start", "", Kind::Time, "Begin of the window, UTC", |row| {
        row.flow.window.map(|window| Value::Time(window.start)).unwrap_or(Value::Null)
    });
    columns.add("window_us", "µs", Kind::Float, "Length of the window", |row| {
        row.flow.window.map_or(Value::Null, |window| Value::microseconds(window.length_ns))
    });
}

/// What queries need of a stored flow, whatever its profile: named as in `native`.
static STANDARD: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = Columns::default();
    native::flow_id(&mut columns);
    native::addresses(&mut columns);
    native::start_and_end(&mut columns);
    labels::label(&mut columns);
    labels::server_name_and_user_agent(&mut columns);
    session::id_of_flow(&mut columns);
    columns.with_prefix(STANDARD_PREFIX)
});

/// What sums over windows need of a row, whatever its profile.
static VOLUME: LazyLock<Columns> = LazyLock::new(|| {
    let mut columns = Columns::default();
    columns.add("packets", "", Kind::Unsigned, "Packets", |row| {
        Value::Unsigned(row.flow.packet_count())
    });
    columns.add("ip_bytes", "byte", Kind::Unsigned, "IP headers and payload", |row| {
        Value::Unsigned(row.flow.ip_bytes.iter().sum())
    });
    columns.with_prefix(STANDARD_PREFIX)
});

static EARLY: LazyLock<Columns> = LazyLock::new(early::columns);

impl Layout {
    /// A row a flow: the profile's columns, with what was asked for beside them.
    pub fn of_flows(profile: &'static Profile, with_id: bool, early_packets: bool) -> Self {
        let shape = Shape::Flows { with_id, early_packets };
        Self { profile, shape, labels: true, standard: false }
    }

    /// A row a flow and window: the profile's columns of timing and volume.
    pub fn of_windows(profile: &'static Profile) -> Self {
        Self { profile, shape: Shape::Windows, labels: true, standard: false }
    }

    /// A row a session, or a session and window: the profile's columns of timing and volume.
    pub fn of_sessions(profile: &'static Profile, windows: bool) -> Self {
        Self { profile, shape: Shape::Sessions { windows }, labels: true, standard: false }
    }

    /// The same without what classifiers and names say.
    pub fn without_labels(self) -> Self {
        Self { labels: false, ..self }
    }

    /// The same with the standard columns behind it, where it does not have them all itself; rows of
    /// windows have their volume there, too.
    pub fn stored(self) -> Self {
        let own = |name: &str| self.columns().any(|column| column.name == name);
        let mut names = STANDARD.iter(Chosen::All).map(|column| &column.name);
        let has_all = names.all(|name| own(&name[STANDARD_PREFIX.len()..]));
        Self { standard: !has_all, ..self }
    }

    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// All columns, in order.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> + Clone + use<> {
        self.parts().into_iter().flatten().flat_map(|(columns, chosen)| columns.iter(chosen))
    }

    /// Pushes a row's value of each column.
    pub fn evaluate<'a>(&self, row: &'a Row<'a>, cells: &mut Vec<Value<'a>>) {
        for (columns, chosen) in self.parts().into_iter().flatten() {
            columns.evaluate(row, chosen, cells);
        }
    }

    fn parts(&self) -> [Option<(&'static Columns, Chosen)>; 7] {
        let profile = self.profile;
        let class = Some((&profile.class, Chosen::All));
        let labels = self.labels.then_some((&profile.labels, Chosen::All));
        let standard = self.standard.then(|| (&*STANDARD, Chosen::All));
        match self.shape {
            Shape::Flows { with_id, early_packets } => [
                with_id.then_some((&profile.id_columns, Chosen::All)),
                Some((&profile.columns, Chosen::All)),
                early_packets.then(|| (&*EARLY, Chosen::All)),
                class,
                labels,
                standard,
                None,
            ],
            Shape::Sessions { windows } => [
                Some((if windows { &SESSION_WINDOW } else { &SESSION }, Chosen::All)),
                Some((&profile.columns, Chosen::OfWindows)),
                None,
                class,
                (self.labels && !windows).then(|| (&*SESSION_LABELS, Chosen::All)),
                standard,
                None,
            ],
            Shape::Windows => [
                Some((&WINDOW, Chosen::All)),
                Some((&profile.columns, Chosen::OfWindows)),
                None,
                class,
                labels,
                standard,
                self.standard.then(|| (&*VOLUME, Chosen::All)),
            ],
        }
    }
}

/// Which groups of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    All,
    /// Timing and volume.
    OfWindows,
}
