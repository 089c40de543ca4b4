//! What was said of open flows, as bytes and back.

use super::{ClassifyStage, Counts, Known, Names, NamesOf, Open, Standing};
use crate::classify::Plugins;
use crate::limits::CLASSIFIERS_MAX;
use crate::saved::{Reader, SavedError, Share, Writer};
use std::collections::HashMap;

/// By a flow's id.
pub(super) type OpenById = HashMap<u64, Open, foldhash::fast::RandomState>;

impl ClassifyStage {
    /// Writes down what was said of flows that are open, and what the classifiers have done, behind
    /// what `to` has.
    pub fn save(&self, to: &mut Vec<u8>) {
        save(&self.open, &self.counts(), &self.shared.plugins, to);
    }

    /// Knows from now on what all stages of a run with the same plugins have saved, in `parts`, of the
    /// flows that are its own. The first worker takes what the classifiers have done.
    ///
    /// # Errors
    /// When the state is damaged, or of another layout or other plugins; then the stage is as before.
    pub fn restore(
        &mut self,
        parts: &[&[u8]],
        share: Share,
        is_mine: impl Fn(u64) -> bool,
    ) -> Result<(), SavedError> {
        let (open, counts) = restored(parts, &self.shared.plugins, is_mine)?;
        self.open = open;
        self.counts_before = if share.is_first() { counts } else { Vec::new() };
        Ok(())
    }

    /// What each classifier has done, before the state was restored too.
    pub(super) fn counts(&self) -> Vec<Counts> {
        let mut counts = self.counts_before.clone();
        let own: Vec<_> = self.panel.iter().flat_map(|panel| panel.counts()).collect();
        merge(&mut counts, own);
        counts
    }
}

/// Adds what each classifier has done to what it had done.
pub(super) fn merge<'a>(all: &mut Vec<Counts>, more: impl IntoIterator<Item = &'a Counts>) {
    for (place, counts) in more.into_iter().enumerate() {
        if all.len() <= place {
            all.push(Counts::default());
        }
        all[place].merge(counts);
    }
}

/// What verdicts refer to by numbers: classifiers with their versions, and labels with their groups.
fn meaning(plugins: &Plugins) -> [Vec<(&str, &str)>; 2] {
    let classifiers = plugins.classifiers().iter().map(|one| (&*one.id, &*one.version));
    let labels = plugins.labels().iter().map(|(_, label)| (&*label.group, &*label.name));
    [classifiers.collect(), labels.collect()]
}

fn save(open: &OpenById, counts: &[Counts], plugins: &Plugins, to: &mut Vec<u8>) {
    let mut writer = Writer::new(to);
    writer.put_options(&meaning(plugins));
    writer.put(counts);
    writer.put(&open.len());
    let mut ids: Vec<u64> = open.keys().copied().collect();
    ids.sort_unstable();
    for id in ids {
        if let Some(Open { standing, names, counted }) = open.get(&id) {
            writer.put(&(id, standing, names, counted));
        }
    }
    writer.finish();
}

fn restored(
    parts: &[&[u8]],
    plugins: &Plugins,
    is_mine: impl Fn(u64) -> bool,
) -> Result<(OpenById, Vec<Counts>), SavedError> {
    let (mut open, mut counts) = (OpenById::default(), Vec::new());
    for part in parts {
        let mut reader = Reader::new(part)?;
        reader.expect_options(&meaning(plugins))?;
        let of_part: Vec<Counts> = reader.get()?;
        if of_part.len() > CLASSIFIERS_MAX {
            return Err(SavedError::Damaged);
        }
        merge(&mut counts, &of_part);
        let flows: usize = reader.get()?;
        for _ in 0..flows {
            let id = reader.get()?;
            let state: (Standing, Option<(NamesOf, Names)>, Known) = reader.get()?;
            if is_mine(id) {
                let (standing, names, counted) = state;
                open.insert(id, Open { standing, names, counted });
            }
        }
        reader.finish()?;
    }
    Ok((open, counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::Tag;

    /// A flow of which everything is known that can be.
    fn known(id: u64) -> Open {
        let tag = |classifier| Tag {
            subject: 0,
            classifier,
            label: Some(id as u16),
            own_index: 3,
            confidence: 0.25,
            evidence: Some("why".into()),
        };
        let mut standing = Standing::default();
        standing.update(0, [tag(0)]);
        standing.update(4, [tag(4), tag(4)]);
        let names = Names { server_name: Some(format!("{id}.ex").into()), ..Names::default() };
        let domain = names.server_name.clone();
        let of = NamesOf::made_up();
        Open { standing, names: Some((of, names)), counted: Known { label: Some(7), domain } }
    }

    fn flows(ids: impl Iterator<Item = u64>) -> OpenById {
        ids.map(|id| (id, if id % 5 == 0 { Open::default() } else { known(id) })).collect()
    }

    fn told(open: &OpenById) -> Vec<String> {
        let mut told: Vec<_> = open
            .iter()
            .map(|(id, open)| {
                let Open { standing, names, counted } = open;
                let names = names.as_ref().map(|(of, names)| (of == &NamesOf::made_up(), names));
                format!("{id:05}: {standing:?} {names:?} {counted:?}")
            })
            .collect();
        told.sort();
        told
    }

    fn done(flows: u64) -> Counts {
        Counts { flows, first_error: Some(format!("after {flows}")), ..Counts::default() }
    }

    #[test]
    fn each_worker_knows_what_was_said_of_its_flows_whoever_heard_it() {
        let plugins = Plugins::none();
        let parts = [0, 1, 2].map(|worker| {
            let mut part = Vec::new();
            let open = flows((0..100).filter(|id| id % 3 == worker));
            save(&open, &[done(worker), done(10)], &plugins, &mut part);
            part
        });
        let parts = parts.each_ref().map(Vec::as_slice);
        for peers in 1..=4 {
            for worker in 0..peers {
                let is_mine = |id: u64| id % peers == worker;
                let (open, counts) = restored(&parts, &plugins, is_mine).unwrap();
                assert_eq!(told(&open), told(&flows((0..100).filter(|&id| is_mine(id)))));
                let flows: Vec<u64> = counts.iter().map(|counts| counts.flows).collect();
                assert_eq!(flows, [3, 30]);
                assert_eq!(counts[0].first_error.as_deref(), Some("after 0"));
            }
        }
    }

    #[test]
    fn what_is_damaged_or_of_other_plugins_is_refused() {
        let mut part = Vec::new();
        save(&flows(1..3), &[done(1)], &Plugins::none(), &mut part);
        for bytes in 0..part.len() {
            assert!(restored(&[&part[..bytes]], &Plugins::none(), |_| true).is_err());
        }
        let mut other = Vec::new();
        let mut writer = Writer::new(&mut other);
        writer.put_options(&[vec![("a", "1.0")], Vec::new()]);
        writer.finish();
        let refused = restored(&[&other], &Plugins::none(), |_| true).err();
        assert_eq!(refused, Some(SavedError::OtherOptions));
    }
}
