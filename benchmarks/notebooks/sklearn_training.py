# ruff: noqa: B018 - cells show values

# %%
import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report, roc_auc_score
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# %%
X, y = make_classification(n_samples=12_000, n_features=30, n_informative=12, flip_y=0.05, random_state=7)
data = pd.DataFrame(X, columns=[f"f{number}" for number in range(X.shape[1])]).assign(label=y)
data.shape

# %%
data.groupby("label").mean().T.round(2).head(10)

# %%
features = data.drop(columns="label")
X_train, X_test, y_train, y_test = train_test_split(features, data["label"], test_size=0.25, random_state=7)

# %%
linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
linear.fit(X_train, y_train)
linear.score(X_test, y_test)

# %%
forest = RandomForestClassifier(n_estimators=120, random_state=7)
forest.fit(X_train, y_train)

# %%
print(classification_report(y_test, forest.predict(X_test)))

# %%
importance = pd.Series(forest.feature_importances_, index=features.columns).sort_values(ascending=False)
best = list(importance.index[:15])
importance.head()

# %%
scores = cross_val_score(RandomForestClassifier(n_estimators=40, random_state=7), X_train[best], y_train, cv=3)
scores.mean().round(4), scores.std().round(4)

# %%
boosted = HistGradientBoostingClassifier(max_iter=60, random_state=7).fit(X_train[best], y_train)
areas = {
    "linear": roc_auc_score(y_test, linear.predict_proba(X_test)[:, 1]),
    "forest": roc_auc_score(y_test, forest.predict_proba(X_test)[:, 1]),
    "boosted": roc_auc_score(y_test, boosted.predict_proba(X_test[best])[:, 1]),
}
winner = max(areas, key=areas.get)
winner, np.round(areas[winner], 4)
