"""The one list of periodic jobs. Times are UTC: Huey's clock knows no zones. Each job may run twice and does no harm by it."""

from __future__ import annotations

from huey import crontab

from tasks import housekeeping

JOBS = ((housekeeping.forget_expired, crontab(minute="17", strict=True)),)
