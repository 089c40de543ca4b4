use super::BoostingParameters;
use crate::evaluate::{Split, cross_validate, folds};
use crate::testing::clouds;
use crate::train::{Parameters, fit};

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

#[test]
fn what_is_averaged_from_equal_models_is_that_model() {
    for classes in [2, 3] {
        let table = clouds(300, classes, 4);
        let answers = |bags, row_part| {
            let whole = BoostingParameters { rounds: 10, feature_part: 1.0, ..Default::default() };
            let parameters = Parameters::Boosting(BoostingParameters { bags, row_part, ..whole });
            let model = fit(&table, &parameters, 1, 2).unwrap().model;
            let mut answers = vec![0.0; table.rows() * classes];
            model.predict_probabilities(&table.values_f32(), &mut answers);
            answers
        };
        let differences = |one: Vec<f32>, other: Vec<f32>| {
            one.iter().zip(&other).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
        };
        assert!(differences(answers(1, 1.0), answers(3, 1.0)) < 1e-5, "{classes} classes");
        assert!(differences(answers(1, 0.5), answers(3, 0.5)) > 1e-3, "each has its own rows");
    }
}
