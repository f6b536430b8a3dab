"""scikit-learn and xgboost on the same numbers as bench/proxies.ts, one thread each, medians. Reads one JSON object
{x: [[...]], y: [...], testX, testY, queryX} on stdin, prints one JSON object."""
import json
import statistics
import sys
import time

import numpy as np

data = json.load(sys.stdin)
x, y = np.array(data["x"]), np.array(data["y"])
test_x, test_y, query = np.array(data["testX"]), np.array(data["testY"]), np.array(data["queryX"])


def median_ms(work, rounds=7):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def mape(model):
    return float(np.mean(np.abs(np.expm1(model.predict(test_x) - test_y))) * 100)


out = {}
try:
    import sklearn
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(n_estimators=100, n_jobs=1, random_state=1)
    fit_ms = median_ms(lambda: forest.fit(x, y))
    out["forest"] = {
        "name": "scikit-learn " + sklearn.__version__,
        "fitMs": fit_ms,
        "predictMs": median_ms(lambda: forest.predict(query)),
        "mape": mape(forest),
    }
except ImportError as error:
    out["forestMissing"] = str(error)
try:
    import xgboost

    boosted = xgboost.XGBRegressor(n_estimators=100, max_depth=6, learning_rate=0.1, tree_method="hist", n_jobs=1)
    fit_ms = median_ms(lambda: boosted.fit(x, y))
    out["boosting"] = {
        "name": "xgboost " + xgboost.__version__ + " hist",
        "fitMs": fit_ms,
        "predictMs": median_ms(lambda: boosted.predict(query)),
        "mape": mape(boosted),
    }
except ImportError as error:
    out["boostingMissing"] = str(error)
print(json.dumps(out))
