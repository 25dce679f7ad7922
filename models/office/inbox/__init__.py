"""The staff's inbox of appeals: queues, colleagues' opinions, templates of answers, deeds with many at once, statistics."""
