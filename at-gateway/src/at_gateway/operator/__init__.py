"""The operator's side: who asks, what is shown, what is ordered."""
