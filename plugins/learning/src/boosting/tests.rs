use super::BoostingParameters;
use crate::evaluate::{Split, cross_validate, folds};
use crate::limits::FEATURES_MAX;
use crate::testing::clouds;
use crate::train::{Parameters, fit};

#[test]
fn what_is_too_much_is_refused_before_a_tree_grows() {
    let table = clouds(60, 3, 4);
    let why = |parameters: BoostingParameters| {
        fit(&table, &Parameters::Boosting(parameters), 1, 1).unwrap_err().to_string()
    };
    let usual = BoostingParameters::default;
    assert_eq!(
        why(BoostingParameters { rounds: 33_334, ..usual() }),
        "the parameter rounds (--trees) is 33334: with 3 classes no more than 33333 may be"
    );
    let many = BoostingParameters { leaves_max: 65_536, ..usual() };
    assert_eq!(
        many.check(70_000, 80, 2).unwrap_err(),
        "leaves_max (--leaves) is 65536: with 80 features no more than 3276 may be"
    );
    assert_eq!(many.check(3_276, 80, 2), Ok(()), "there are not as many leaves as that");
    assert_eq!(usual().check(usize::MAX, FEATURES_MAX, 2), Ok(()));
    assert_eq!(BoostingParameters { rounds: 100_000, ..usual() }.check(60, 4, 2), Ok(()));
}

#[test]
fn samples_of_rows_and_features_still_learn() {
    let table = clouds(800, 2, 4);
    let boosting =
        BoostingParameters { rounds: 40, row_part: 0.7, feature_part: 0.6, ..Default::default() };
    let folds = folds(&table, Split::Random, 4, 1);
    let parameters = Parameters::Boosting(boosting);
    let evaluation = cross_validate(&table, &parameters, (Split::Random, &folds), 1, 2).unwrap();
    assert!(evaluation.accuracy > 0.9, "{}", evaluation.accuracy);
    assert!(evaluation.calibration.expected_error() < 0.05);
}
