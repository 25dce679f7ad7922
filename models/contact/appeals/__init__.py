"""Appeals (обращения): what customers write to the reception, and what becomes of it. An appeal counts like one handed in at the office."""
