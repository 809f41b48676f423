{{ staged_tracking_logs('edxorg', 'raw__edxorg__s3__tracking_logs') }}
