"""The asyncio loop that drives `takeback.smtp` over sockets and calls `takeback.flows.accept`."""
