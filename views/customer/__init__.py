"""The customers' rooms."""

from views.customer import (
    about,
    accounts,
    bills,
    history,
    home,
    information,
    payments,
    reading_link,
    readings,
    recovery,
    settings,
    sign_in,
    sign_up,
)

ROOMS = (
    home,
    sign_in,
    sign_up,
    recovery,
    accounts,
    readings,
    reading_link,
    bills,
    payments,
    history,
    information,
    settings,
    about,
)
