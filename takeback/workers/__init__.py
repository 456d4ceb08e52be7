"""Reviewing in processes of their own: a rule that crashes, spins or eats memory hurts nothing but itself."""
