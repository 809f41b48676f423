{{ config(meta={'compare_by': [
  'event_id', 'event_time', 'time_status', 'log_date', 'source_file', 'source_sha256', 'source_line', 'copies'
]}) }}
{{ staged_tracking_logs('mitx', 'raw__mitx__openedx__tracking_logs') }}
