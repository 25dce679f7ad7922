"""Other companies' machines, so that a demo and the tests have someone to talk to. They know nothing of ours."""
