"""Trains models with scikit-learn and LightGBM, exports them as ONNX, and writes what ONNX Runtime answers.

Argument: a folder. Written there: rows.f32, and for each model NAME.onnx, NAME.f32 (probabilities), NAME.i64 (labels).
"""
import sys
from pathlib import Path

import lightgbm
import numpy
import onnxmltools
import onnxruntime
import skl2onnx
from onnxmltools.convert.common.data_types import FloatTensorType as LightType
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

folder = Path(sys.argv[1])
random = numpy.random.default_rng(1)
features = 12


def draw(count, classes):
    rows = random.normal(size=(count, features)).astype(numpy.float32)
    rows[:, 3] = numpy.round(rows[:, 3])
    score = rows[:, 0] * 2 + rows[:, 1] * rows[:, 2] + rows[:, 3] + random.normal(size=count) / 2
    edges = numpy.quantile(score, numpy.linspace(0, 1, classes + 1)[1:-1])
    return rows, numpy.searchsorted(edges, score) * 10


learned, classes_of = draw(3000, 5)
two_learned, two_of = draw(3000, 2)
tested, _ = draw(10000, 5)
tested.tofile(folder / "rows.f32")
light = dict(n_estimators=40, verbose=-1, random_state=1)
models = {
    "tree": DecisionTreeClassifier(random_state=1),
    "forest": RandomForestClassifier(100, random_state=1),
    "extra_trees": ExtraTreesClassifier(100, random_state=1),
    "forest_of_two": RandomForestClassifier(50, random_state=1),
    "lightgbm": lightgbm.LGBMClassifier(**light),
    "lightgbm_of_two": lightgbm.LGBMClassifier(**light),
}
for name, model in models.items():
    is_two = name.endswith("_of_two")
    model.fit(*((two_learned, two_of) if is_two else (learned, classes_of)))
    if name.startswith("lightgbm"):
        width = [("rows", LightType([None, features]))]
        exported = onnxmltools.convert_lightgbm(model, initial_types=width, zipmap=False, target_opset=15)
    else:
        width = [("rows", FloatTensorType([None, features]))]
        exported = skl2onnx.convert_sklearn(model, initial_types=width, target_opset=15, options={"zipmap": False})
    (folder / f"{name}.onnx").write_bytes(exported.SerializeToString())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx", options, providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(None, {"rows": tested})
    numpy.asarray(labels, dtype=numpy.int64).tofile(folder / f"{name}.i64")
    numpy.asarray(probabilities, dtype=numpy.float32).tofile(folder / f"{name}.f32")
