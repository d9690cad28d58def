"""The exchange's calendar: sessions, half days and holidays, and the gaps between two bars; a calendar to ask and to change."""
