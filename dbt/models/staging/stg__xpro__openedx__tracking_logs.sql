{{ staged_tracking_logs('xpro', 'raw__xpro__openedx__tracking_logs') }}
