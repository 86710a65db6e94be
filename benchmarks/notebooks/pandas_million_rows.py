# ruff: noqa: B018 - cells show values

# %%
import numpy as np
import pandas as pd

# %%
rows = 1_000_000
rng = np.random.default_rng(7)
cities = np.array(["Lyon", "Oslo", "Porto", "Turin", "Ghent", "Graz", "Brno", "Malmo", "Bilbao", "Kaunas"])
orders = pd.DataFrame(
    {
        "customer": rng.integers(0, 50_000, rows),
        "city": cities[rng.integers(0, len(cities), rows)],
        "amount": rng.gamma(2.0, 30.0, rows).round(2),
        "items": rng.integers(1, 12, rows),
        "discount": rng.choice([0.0, 0.05, 0.1, np.nan], rows, p=[0.6, 0.2, 0.1, 0.1]),
        "placed": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 365 * 24 * 60, rows), unit="min"),
    }
)

# %%
orders.head()

# %%
orders.describe(include="all")

# %%
orders.isna().sum()

# %%
orders["discount"] = orders["discount"].fillna(0.0)
orders["paid"] = orders["amount"] * (1 - orders["discount"])

# %%
orders["order"] = orders["city"].str[:2].str.upper() + orders.index.astype(str).str.zfill(7)
orders["order"].is_unique

# %%
orders["city"] = orders["city"].astype("category")
orders["month"] = orders["placed"].dt.month
orders["weekday"] = orders["placed"].dt.dayofweek

# %%
orders.loc[orders["paid"] > 400, "paid"] = 400.0
capped = int((orders["paid"] == 400.0).sum())
print(capped, "orders capped")

# %%
large = orders[(orders["paid"] > 150) & (orders["items"] >= 3)]
print(len(large))

# %%
by_city = orders.groupby("city", observed=True)["paid"].agg(["count", "mean", "sum", "max"])
by_city.sort_values("sum", ascending=False)

# %%
customers = pd.DataFrame(
    {
        "customer": np.arange(50_000),
        "segment": pd.Categorical.from_codes(rng.integers(0, 3, 50_000), ["private", "business", "school"]),
        "since": rng.integers(2005, 2024, 50_000),
    }
)
joined = orders.merge(customers, on="customer", how="left")
joined.shape

# %%
joined["years"] = 2024 - joined["since"]
joined["per_item"] = joined["paid"] / joined["items"]

# %%
sizes = pd.cut(joined["paid"], [0, 20, 50, 100, 200, 400], labels=["xs", "s", "m", "l", "xl"])
pd.crosstab(sizes, [joined["segment"], joined["city"]], normalize="columns").round(3)

# %%
pivot = joined.pivot_table(index="month", columns="segment", values="paid", aggfunc="mean", observed=True)
pivot.round(2)

# %%
ranked = joined.sort_values(["customer", "placed"])
by_customer = ranked.groupby("customer")
ranked["gap"] = by_customer["placed"].diff().dt.total_seconds() / 3600
ranked["share"] = ranked["paid"] / by_customer["paid"].transform("sum")
ranked["trend"] = by_customer["paid"].rolling(3, min_periods=1).mean().to_numpy()

# %%
ranked["gap"] = ranked["gap"].fillna(ranked["gap"].median())
print(round(ranked["gap"].mean(), 3))

# %%
best = ranked.groupby("customer")["paid"].sum().nlargest(10)
usual = ranked.groupby("customer")["paid"].quantile([0.25, 0.5, 0.75]).unstack()
usual.loc[best.index].assign(total=best)

# %%
daily = ranked.set_index("placed")["paid"].resample("D").sum()
smooth = daily.rolling(7, center=True).mean()
smooth.describe()

# %%
orders.drop(columns=["weekday"], inplace=True)
outliers = joined.query("per_item > 100 and years > 10")
print(len(outliers), round(outliers["paid"].mean(), 2))
