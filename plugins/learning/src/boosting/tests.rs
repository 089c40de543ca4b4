use super::BoostingParameters;
use crate::evaluate::{Split, cross_validate, folds};
use crate::testing::clouds;
use crate::train::Parameters;

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
