"""What measures Kuaida, makes its pictures, and keeps it the same while it is refactored."""
