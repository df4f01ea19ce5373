"""at-gateway: the front door: TradingView alerts, market feeds, operator API and console."""
