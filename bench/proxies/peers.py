"""scikit-learn and xgboost beside bench/proxies/speed.ts, one thread each. A server on stdin and stdout, one JSON value
a line, so that both sides can take turns on the same machine:
  {"load": {"train": {x, y}, "learn": {x, y}, "test": {x, y}, "query": [[...]]}}  ->  {}
  {"time": "forest.fit"}    ->  {"wallMs", "cpuMs"} of one run
  {"error": "forest"}       ->  {"mape"}: learn fitted, test predicted, targets are logarithms
  {"names": true}           ->  {"forest": "scikit-learn 1.2.1", ...} of what is installed"""
import json
import sys
import time

import numpy as np

names, models, data = {}, {}, {}
try:
    import sklearn
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

    names["forest"] = names["extraTrees"] = "scikit-learn " + sklearn.__version__
    models["forest"] = lambda: RandomForestRegressor(n_estimators=100, n_jobs=1, random_state=1)
    models["extraTrees"] = lambda: ExtraTreesRegressor(n_estimators=100, n_jobs=1, random_state=1)
except ImportError:
    pass
try:
    import xgboost

    names["boosting"] = "xgboost " + xgboost.__version__ + " hist"
    models["boosting"] = lambda: xgboost.XGBRegressor(
        n_estimators=100, max_depth=6, learning_rate=0.1, tree_method="hist", n_jobs=1
    )
except ImportError:
    pass


def arrays(part):
    return np.array(part["x"]), np.array(part["y"])


def load(parts):
    for name in ("train", "learn", "test"):
        data[name] = arrays(parts[name])
    data["query"] = np.array(parts["query"])
    data["fitted"] = {}
    return {}


def clock(task):
    name, what = task.split(".")
    if name not in data["fitted"]:
        data["fitted"][name] = models[name]().fit(*data["train"])
    model = models[name]()
    wall, cpu = time.perf_counter(), time.process_time()
    if what == "fit":
        model.fit(*data["train"])
    else:
        data["fitted"][name].predict(data["query"])
    return {"wallMs": (time.perf_counter() - wall) * 1e3, "cpuMs": (time.process_time() - cpu) * 1e3}


def error(name):
    x, y = data["test"]
    predicted = models[name]().fit(*data["learn"]).predict(x)
    return {"mape": float(np.mean(np.abs(np.expm1(predicted - y))) * 100)}


for line in sys.stdin:
    [(verb, value)] = json.loads(line).items()
    answer = {"load": load, "time": clock, "error": error, "names": lambda _: names}[verb](value)
    print(json.dumps(answer), flush=True)
