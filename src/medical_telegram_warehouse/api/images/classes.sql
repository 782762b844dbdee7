SELECT DISTINCT detected_class FROM marts.rpt_detected_classes ORDER BY detected_class;
