use super::{FlowLife, Header, LAYOUT, ModelFile};
use crate::boosting::BoostingParameters;
use crate::forest::ForestParameters;
use crate::model::Model;
use crate::random::Random;
use crate::table::Profile;
use crate::testing::clouds;
use crate::train::{Parameters, fit};

const LIFE: FlowLife =
    FlowLife { idle_timeout_us: None, active_timeout_us: Some(15_000_000), window_us: None };

fn parameters() -> [Parameters; 4] {
    [
        Parameters::Forest(ForestParameters { trees: 5, ..Default::default() }),
        Parameters::Boosting(BoostingParameters { rounds: 3, ..Default::default() }),
        Parameters::of_kind("nearest").unwrap(),
        Parameters::of_kind("logistic").unwrap(),
    ]
}

fn file(parameters: &Parameters) -> ModelFile {
    let table = clouds(200, 3, 1);
    let fitted = fit(&table, parameters, 1, 1).unwrap();
    let header = Header {
        kind: parameters.kind().to_owned(),
        profile: table.profile,
        flow_life: Some(LIFE),
        label_group: "traffic_class".to_owned(),
        classes: table.classes,
        features: table.features,
        importances: fitted.importances,
        manifest: None,
    };
    ModelFile { header, model: fitted.model }
}

#[test]
fn every_kind_answers_the_same_once_it_was_written_and_read() {
    let rows = clouds(300, 3, 2).values_f32();
    for parameters in parameters() {
        let written = file(&parameters);
        let bytes = written.to_bytes().unwrap();
        let read = ModelFile::from_bytes(&bytes).unwrap();
        assert_eq!(read.header, written.header);
        let mut answers = [vec![0.0; 900], vec![0.0; 900]];
        written.model.predict_probabilities(&rows, &mut answers[0]);
        read.model.predict_probabilities(&rows, &mut answers[1]);
        assert_eq!(answers[0], answers[1], "{}", parameters.kind());
        assert_eq!(read.to_bytes().unwrap(), bytes);
    }
}

/// Whoever applies a model has threads of its own, and whoever trains one says how many.
#[test]
fn neighbours_are_asked_by_as_many_threads_as_were_said() {
    let table = clouds(200, 3, 1);
    let fitted = fit(&table, &parameters()[2], 1, 3).unwrap();
    let threads = |model: &Model| match model {
        Model::Nearest(nearest) => nearest.threads,
        _ => 0,
    };
    assert_eq!(threads(&fitted.model), 3);
    let body = super::body::write(&fitted.model);
    assert_eq!(threads(&super::body::read(&body).unwrap()), 1);
}

/// With the checksum put right, so that what lies behind it is met.
fn mended(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() > 28 {
        let checksum = crc32fast::hash(&bytes[28..]);
        bytes[24..28].copy_from_slice(&checksum.to_le_bytes());
    }
    bytes
}

#[test]
fn any_bytes_give_a_model_or_a_sentence() {
    let mut random = Random::new(9, 9);
    for parameters in parameters() {
        let model = file(&parameters);
        let bytes = model.to_bytes().unwrap();
        for _ in 0..200 {
            let mut flipped = bytes.clone();
            let place = random.below(bytes.len());
            flipped[place] ^= 1 << random.below(8);
            assert!(ModelFile::from_bytes(&flipped).is_err(), "a bit of byte {place}");
            let _ = ModelFile::from_bytes(&mended(flipped));
            let cut = random.below(bytes.len());
            assert!(ModelFile::from_bytes(&bytes[..cut]).is_err());
        }
        let body = super::body::write(&model.model);
        for _ in 0..500 {
            let mut flipped = body.clone();
            let place = random.below(body.len().min(4_000));
            flipped[place] = random.below(256) as u8;
            let rows = [0.5; 8];
            if let Ok(model) = super::body::read(&flipped)
                && model.features() == 4
            {
                let mut answers = vec![0.0; 2 * model.classes()];
                model.predict_probabilities(&rows, &mut answers);
            }
            assert!(super::body::read(&body[..random.below(body.len())]).is_err());
        }
    }
}

#[test]
fn what_is_no_model_is_refused_with_the_cause() {
    let bytes = file(&parameters()[0]).to_bytes().unwrap();
    let error = |bytes: &[u8]| ModelFile::from_bytes(bytes).unwrap_err().to_string();
    assert_eq!(error(b""), "the model is damaged at byte 0: it ends too early");
    assert_eq!(error(&[7; 40]), "the model is damaged at byte 0: it is no model of TrActor");
    let mut later = bytes.clone();
    later[8] = LAYOUT as u8 + 1;
    assert_eq!(error(&later), "the model is of layout 2, and this program reads layout 1");
    let mut other = bytes.clone();
    other[100] ^= 1;
    assert_eq!(error(&other), "the model is damaged at byte 28: its checksum is another");
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(error(&longer).ends_with("bytes follow, and it says other"));
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("x.tractor");
    std::fs::write(&place, &bytes[..20]).unwrap();
    let why = ModelFile::read(&place).unwrap_err().to_string();
    assert!(
        why.ends_with("x.tractor: the model is damaged at byte 16: it ends too early"),
        "{why}"
    );
}

#[test]
fn flows_of_another_kind_are_refused_in_one_sentence() {
    let file = file(&parameters()[0]);
    let ours = (file.header.profile.clone(), file.header.features.clone());
    assert!(file.check_fits(&ours.0, &ours.1, Some(LIFE)).is_ok());
    assert!(file.check_fits(&ours.0, &ours.1, None).is_ok());
    let error = |profile: &Profile, features: &[String], life: FlowLife| {
        file.check_fits(profile, features, Some(life)).unwrap_err().to_string()
    };
    let native = Profile { name: "native".to_owned(), version: 4 };
    assert_eq!(
        error(&native, &ours.1, LIFE),
        "the model does not fit: it is for profile invented/1, and the flows are native/4"
    );
    let newer = Profile { version: 2, ..ours.0.clone() };
    assert!(error(&newer, &ours.1, LIFE).contains("invented/2"));
    assert_eq!(
        error(&ours.0, &ours.1[1..], LIFE),
        "the model does not fit: it takes 4 features, and the flows have 3"
    );
    let mut renamed = ours.1.clone();
    renamed[1] = "other".to_owned();
    assert_eq!(
        error(&ours.0, &renamed, LIFE),
        "the model does not fit: its feature 2 is second, and that of the flows other"
    );
    let longer = FlowLife { active_timeout_us: Some(120_000_000), ..LIFE };
    assert_eq!(
        error(&ours.0, &ours.1, longer),
        "the model does not fit: it learned from flows with idle timeout none, active timeout 15 s, \
         window none, and these have idle timeout none, active timeout 120 s, window none"
    );
}
