"""What may be written down of addresses and statements."""

from __future__ import annotations

import pytest

from jupyter_repro.redact import is_harmless, redact_sql, redact_text, redact_url

URLS = [
    ("https://host/a/b.csv", "https://host/a/b.csv"),
    (
        "https://host:8443/a?page=3&q=new+york&since=2024-01-31",
        "https://host:8443/a?page=3&q=new+york&since=2024-01-31",
    ),
    ("https://me:pass@host/a", "https://host/a"),
    ("https://me@host/a", "https://host/a"),
    ("https://me:p/ss@host/a", "https://***"),
    ("https://host/a#access_token=abc", "https://host/a"),
    ("https://host/a?token=hunter&x=1", "https://host/a?token=***&x=1"),
    ("https://host/a?password=", "https://host/a?password=***"),
    ("https://host/a?api_key=paris", "https://host/a?api_key=***"),
    ("https://host/a?accessToken=paris", "https://host/a?accessToken=***"),
    ("https://host/a?keyword=paris&design=blue&monkey=1", "https://host/a?keyword=paris&design=blue&monkey=1"),
    ("https://host/a?q=c0ffee77bad", "https://host/a?q=***"),
    ("https://host/a?q=%41KIAIOSFODNN7EXAMPLE", "https://host/a?q=***"),
    ("https://host/a?s3cr3tkey99", "https://host/a?***"),
    ("https://host/a?s3cr3tKEY99=", "https://host/a?***=***"),
    ("https://b.s3.amazonaws.com/k?X-Amz-Credential=AB&X-Amz-Expires=60", "X-Amz-Credential=***&X-Amz-Expires=***"),
    ("https://a.blob.core.windows.net/c/f.csv?sv=2022-11-02&sig=abc", "f.csv?sv=2022-11-02&sig=***"),
    ("https://storage.googleapis.com/b/o?GoogleAccessId=x&Signature=y", "o?GoogleAccessId=x&Signature=***"),
    ("https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/x", "telegram.org/***/x"),
    ("https://host/webhooks/T0001/run", "https://host/webhooks/***/run"),
    ("https://host/a;jsessionid=ABC123/b", "https://host/a;jsessionid=***/b"),
    ("https://host/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc/x", "https://host/***/x"),
    ("s3://bucket/path/file.parquet", "s3://bucket/path/file.parquet"),
    ("http://[::1]:80/a", "http://[::1]:80/a"),
    ("postgresql://me:pa@ss@db:5432/shop?sslmode=require", "postgresql://db:5432/shop?sslmode=require"),
    ("http://host/a\nb", "http://host/a\nb"),
]
STATEMENTS = [
    ("SELECT * FROM t WHERE city = 'New York' AND n > 7", "SELECT * FROM t WHERE city = 'New York' AND n > 7"),
    ("select *\n  from t -- hunter\n where /* x */ d > '2024-01-01'", "select * from t where d > '2024-01-01'"),
    ("select * from t where password = 'hunter'", "select * from t where password = '***'"),
    ("select * from t where api_token in ('hunter')", "select * from t where api_token in ('***')"),
    ("select * from t where a = 'c0ffee77bad'", "select * from t where a = '***'"),
    ("select 'it''s s3cr3t', \"Col A\" from \"t\"", 'select \'***\', "Col A" from "t"'),
    ("select 'unended s3cr3t", "select '***'"),
    ("select $x$hunter$x$, $$hunter$$", "select '***', '***'"),
    ("CREATE USER bob IDENTIFIED BY 'hunter'", "CREATE USER bob IDENTIFIED BY '***'"),
    ("CREATE SECRET (TYPE s3, KEY_ID 'paris', SECRET 'hunter')", "CREATE SECRET (TYPE s3, KEY_ID '***', SECRET '***')"),
    ("SET s3_secret_access_key='hunter'", "SET s3_secret_access_key='***'"),
    ("ATTACH 'host=db password=hunter' AS pg", "ATTACH '***' AS pg"),
    ("select * from 'data/part-1.parquet'", "select * from 'data/part-1.parquet'"),
    ("select * from read_csv('https://u:p@h/x.csv?sig=hunter')", "select * from read_csv('https://h/x.csv?sig=***')"),
]
TEXTS = [
    ("401 Client Error for url: https://h/x?token=hunter", "401 Client Error for url: https://h/x?token=***"),
    ("retries exceeded with url: /x?token=hunter (Caused by", "retries exceeded with url: /x?token=*** (Caused by"),
    ("could not reach 'postgresql://me:hunter@db/shop'", "could not reach 'postgresql://db/shop'"),
    ("No such file: '/data/a.csv' at https://h/x#y", "No such file: '/data/a.csv' at https://h/x#y"),
    ("is it 1/2 or 3/4? a = 5", "is it 1/2 or 3/4? a = 5"),
    ("/" * 100_000, "/" * 100_000),
]
VALUES = [
    ("paris", True),
    ("12", True),
    ("2024-01-31T10:00:00Z", True),
    ("a,b,c", True),
    ("Q3", True),
    ("c0ffee77bad", False),
    ("x" * 100, False),
    ("A" * 30, False),
    ("1234567890123", False),
    ("aGVsbG8=", False),
]


@pytest.mark.parametrize(("url", "shown"), URLS)
def test_urls(url: str, shown: str) -> None:
    assert redact_url(url).endswith(shown)
    assert redact_url(redact_url(url)) == redact_url(url)


@pytest.mark.parametrize(("statement", "shown"), STATEMENTS)
def test_statements(statement: str, shown: str) -> None:
    assert redact_sql(statement) == shown


@pytest.mark.parametrize(("text", "shown"), TEXTS)
def test_texts(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_values(value: str, expected: bool) -> None:
    assert is_harmless(value) == expected
