"""The customers' rooms."""

from views.customer import about, accounts, history, home, information, readings, recovery, settings, sign_in, sign_up

ROOMS = (home, sign_in, sign_up, recovery, accounts, readings, history, information, settings, about)
