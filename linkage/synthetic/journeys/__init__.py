"""What happens to them: offences and what follows, work, benefits, treatment, homes."""
