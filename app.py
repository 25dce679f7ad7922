"""The application: settings, database, queue, blueprints, commands. Nothing else."""

from __future__ import annotations

import os
from datetime import timedelta

from flask import Flask
from flask_compress import Compress
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from models import base, clock, company, seal, settings
from models.company_file import CompanyError
from models.exchange import transfers
from models.people.sessions import LIVES
from tasks import bounces, files, messages, payments, queue
from views import assets, console, demo, door, errors, filters, headers
from views.customer import ROOMS
from views.machine import acquirer, health
from views.machine import bounces as reports
from views.row_id import RowId
from views.staff import ROOMS as OFFICE


def create_app(given: settings.Settings | None = None) -> Flask:
    """The WSGI application for these settings (the environment's by default)."""
    chosen, rules = _chosen(given)
    company.use(rules)
    seal.use(chosen.secret_key, *chosen.old_secret_keys)
    base.database.initialize(base.connect(chosen.database_url))
    clock.set_up(chosen.now, is_demo=chosen.is_demo, since=chosen.now_since)
    payments.use(chosen)
    messages.use(chosen)
    bounces.use(chosen)
    files.use(chosen)
    transfers.use(chosen.var_dir / "exchange")
    huey = queue.set_up(chosen)

    app = Flask(__name__, static_folder=None)
    app.jinja_environment = filters.Templates
    app.url_map.converters["int"] = RowId
    app.config.from_mapping(_config(chosen))
    app.extensions.update(kabinet=chosen, queue=huey)
    if chosen.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, *[chosen.trusted_proxies] * 3)  # type: ignore[method-assign]
    Compress(app)
    headers.hang(app)
    door.hang(app)  # before the token is checked: a stale form is kept in the database
    CSRFProtect(app)
    errors.hang(app)
    filters.hang(app)
    app.register_blueprint(assets.assets)
    for room in (*ROOMS, *OFFICE, health, acquirer, reports):
        app.register_blueprint(room.room)
    if chosen.is_demo:
        app.register_blueprint(demo.room)
    console.hang(app)
    return app


def _chosen(given: settings.Settings | None) -> tuple[settings.Settings, company.Company]:
    """The settings and their company; what is wrong with the environment's stops the start in one line."""
    try:
        chosen = given or settings.read(os.environ)
        return chosen, company.find(chosen.company, chosen.companies_dir)
    except (settings.SettingsError, CompanyError) as error:
        if given:
            raise
        raise SystemExit(f"Kabinet cannot start: {error}") from error


def _config(chosen: settings.Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": chosen.secret_key,
        "SECRET_KEY_FALLBACKS": list(chosen.old_secret_keys),
        "SESSION_COOKIE_NAME": "__Host-kabinet" if chosen.is_https else "kabinet",
        "SESSION_COOKIE_SECURE": chosen.is_https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(seconds=LIVES.total_seconds()),
        "SESSION_REFRESH_EACH_REQUEST": False,
        "WTF_CSRF_TIME_LIMIT": None,  # the session's end is the token's
        "WTF_CSRF_SSL_STRICT": True,
        "MAX_CONTENT_LENGTH": 1_000_000,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 500,
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_BR_LEVEL": 5,
        "COMPRESS_MIN_SIZE": 600,
        "COMPRESS_MIMETYPES": ["text/html", "text/csv"],
    }
