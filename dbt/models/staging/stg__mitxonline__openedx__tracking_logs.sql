{{ staged_tracking_logs('mitxonline', 'raw__mitxonline__openedx__tracking_logs') }}
