{{ staged_tracking_logs('mitx', 'raw__mitx__openedx__tracking_logs') }}
